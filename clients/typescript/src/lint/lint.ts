import { readFileSync } from "node:fs";
import ts from "typescript";
import type { Concepts } from "./concepts.ts";
import { Failure } from "./failure.ts";
import type { Finding } from "./finding.ts";
import { Names } from "./names.ts";
import type { Mistake, Rule, SyncFile } from "./rule.ts";
import { rules } from "./rules/index.ts";
import { applySilencers } from "./suppress.ts";
import { readSyncs } from "./sync.ts";

/** What one file came to. */
export interface Linted {
  file: string;
  text: string;
  /** Names of the syncs that were read. */
  syncs: string[];
  findings: Finding[];
}

/**
 * Lints one file. `file` is the name to report, `path` the place to read from.
 *
 * Throws `Failure` if the file cannot be read or is not valid TypeScript.
 */
export function lintFile(file: string, path: string, concepts: Concepts): Linted {
  const text = readText(file, path);
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const names = new Names(source);
  const syncFile: SyncFile = { source, names, concepts, syncs: readSyncs(source, names) };
  const findings = rules.flatMap((rule) =>
    [...rule.check(syncFile)].map((mistake) => place(mistake, rule, source, file))
  );
  return {
    file,
    text,
    syncs: syncFile.syncs.map(({ name }) => name),
    findings: applySilencers(findings, file, text, rules.map(({ name }) => name)),
  };
}

function place(mistake: Mistake, rule: Rule, source: ts.SourceFile, file: string): Finding {
  const { node, sync, message, why, cure } = mistake;
  const start = source.getLineAndCharacterOfPosition(node.getStart());
  const end = source.getLineAndCharacterOfPosition(node.end);
  return {
    file,
    line: start.line + 1,
    column: start.character + 1,
    endLine: end.line + 1,
    endColumn: end.character + 1,
    rule: rule.name,
    sync,
    message,
    why,
    cure,
  };
}

function readText(file: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Failure(`Cannot read ${file}: ${(error as Error).message}`);
  }
  const { diagnostics = [] } = ts.transpileModule(text, {
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
  });
  const [first] = diagnostics.filter(({ start }) => start !== undefined);
  if (first === undefined) return text;
  const line = text.slice(0, first.start).split("\n").length;
  const reason = ts.flattenDiagnosticMessageText(first.messageText, " ");
  throw new Failure(`${file} is not valid TypeScript, line ${line}: ${reason} Correct that first.`);
}
