import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Concepts, findConcepts } from "./concepts.ts";
import { Failure } from "./failure.ts";
import { findFiles, shownPath } from "./files.ts";
import { inReadingOrder } from "./finding.ts";
import { helpText } from "./help.ts";
import { type Linted, lintFile } from "./lint.ts";
import { type Options, readOptions } from "./options.ts";
import { painter, renderJson, renderText } from "./render.ts";

/** What the command needs from its surroundings. */
export interface Surroundings {
  cwd: string;
  colour: boolean;
  write: (text: string) => void;
  complain: (text: string) => void;
}

/** Runs the command. The answer is its exit code: 0 no findings, 1 findings. Throws `Failure` for 2. */
export function run(args: readonly string[], around: Surroundings): number {
  const options = readOptions(args);
  if (options.help) {
    around.write(helpText());
    return 0;
  }
  const linted = lintAll(options, around.cwd);
  around.write(options.json ? renderJson(linted) : renderText(linted, painter(around.colour)));
  for (const name of unseen(options, linted)) {
    around.complain(`Note: no file names the concept ${name}; its name is case-sensitive.\n`);
  }
  return linted.some(({ findings }) => findings.length > 0) ? 1 : 0;
}

function lintAll(options: Options, cwd: string): Linted[] {
  const concepts = conceptsFor(options, cwd);
  return findFiles(cwd, options.paths).map((path) => {
    const linted = lintFile(shownPath(cwd, path), path, concepts(path));
    return { ...linted, findings: inReadingOrder(linted.findings) };
  });
}

/** The concepts that a file is about; files of one project share them. */
function conceptsFor(options: Options, cwd: string): (path: string) => Concepts {
  const named = options.concepts === undefined ? undefined : resolve(cwd, options.concepts);
  if (named !== undefined && !existsSync(named)) {
    throw new Failure(
      `There is no folder ${options.concepts}; --concepts wants the one with X/XConcept.ts in it.`,
    );
  }
  const known = new Map<string | undefined, Concepts>();
  return (path) => {
    const folder = named ?? findConcepts(dirname(path));
    const concepts = known.get(folder) ?? new Concepts(options.concept, folder);
    known.set(folder, concepts);
    return concepts;
  };
}

function unseen({ concept }: Options, linted: readonly Linted[]): string[] {
  return concept.filter((name) => !linted.some(({ text }) => text.includes(name)));
}
