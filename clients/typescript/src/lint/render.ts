import type { Finding } from "./finding.ts";
import type { Linted } from "./lint.ts";

const WIDTH = 88;
const CODES = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 } as const;

/** Paints a text, or leaves it as it is. */
export type Paint = (style: keyof typeof CODES, text: string) => string;

/** A painter for a terminal, or one that paints nothing. */
export function painter(colour: boolean): Paint {
  return (style, text) => colour ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** The report for a person: findings by file with the code, the reason and the cure, then a summary. */
export function renderText(linted: readonly Linted[], paint: Paint): string {
  const files = linted.filter(({ findings }) => findings.length > 0);
  return [...files.map((file) => renderFile(file, paint)), renderSummary(linted, paint)].join("\n");
}

/** The report for a program: an array of findings. */
export function renderJson(linted: readonly Linted[]): string {
  return JSON.stringify(linted.flatMap(({ findings }) => findings), null, 2) + "\n";
}

function renderFile({ file, text, findings }: Linted, paint: Paint): string {
  const lines = text.split(/\r?\n/);
  const shown = findings.map((finding) => renderFinding(finding, lines, paint));
  return `${paint("bold", file)}\n\n${shown.join("\n")}`;
}

function renderFinding(finding: Finding, lines: string[], paint: Paint): string {
  const { line, column, rule, sync, message, why, cure } = finding;
  const where = sync === "" ? "" : paint("dim", ` in ${sync}`);
  return [
    `  ${line}:${column} ${paint("red", rule)}${where}`,
    "",
    codeFrame(finding, lines, paint),
    "",
    paint("bold", wrap(message, "  ")),
    "",
    paint("cyan", "  Why: ") + wrap(why, "       ").trimStart(),
    "",
    paint("green", "  Cure: ") + wrap(cure, "        ").trimStart(),
    "",
    "",
  ].join("\n");
}

function codeFrame(finding: Finding, lines: string[], paint: Paint): string {
  const { line, column, endLine, endColumn } = finding;
  const last = Math.min(line + 1, lines.length);
  const width = String(last).length;
  const rows: string[] = [];
  for (let number = Math.max(line - 1, 1); number <= last; number += 1) {
    const code = (lines[number - 1] ?? "").replaceAll("\t", " ");
    const mark = number === line ? ">" : " ";
    rows.push(`  ${mark} ${String(number).padStart(width)} | ${code}`.trimEnd());
    if (number !== line) continue;
    const end = endLine === line ? endColumn : code.length + 1;
    const carets = "^".repeat(Math.max(end - column, 1));
    rows.push(`    ${" ".repeat(width)} | ${" ".repeat(column - 1)}${paint("red", carets)}`);
  }
  return rows.join("\n");
}

/** Breaks text at the terminal's width; lines that begin with spaces are code and stay whole. */
function wrap(text: string, indent: string): string {
  return text.split("\n").flatMap((line) => line.startsWith(" ") ? [line] : fold(line, WIDTH - indent.length))
    .map((line) => indent + line).join("\n");
}

function fold(line: string, width: number): string[] {
  const folded: string[] = [];
  for (const word of line.split(" ")) {
    const last = folded.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      folded[folded.length - 1] = `${last} ${word}`;
    } else folded.push(word);
  }
  return folded;
}

function renderSummary(linted: readonly Linted[], paint: Paint): string {
  const findings = linted.flatMap((file) => file.findings).length;
  const files = linted.filter((file) => file.findings.length > 0).length;
  const syncs = linted.flatMap((file) => file.syncs).length;
  const read = paint("dim", `(${count(syncs, "sync")} read in ${count(linted.length, "file")})`);
  return findings === 0
    ? `${paint("green", "No findings")} ${read}.\n`
    : `${paint("red", `${count(findings, "finding")} in ${count(files, "file")}`)} ${read}.\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
