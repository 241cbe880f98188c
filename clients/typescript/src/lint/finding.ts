/** One fault at one place of a sync file, with everything a report says about it. */
export interface Finding {
  /** Path of the file, relative to the working directory, with `/` between folders. */
  file: string;
  /** First line of the fault, counted from 1. */
  line: number;
  /** First column of the fault, counted from 1. */
  column: number;
  /** Last line of the fault. */
  endLine: number;
  /** Column after the last character of the fault. */
  endColumn: number;
  /** Name of the rule, as `sessioning-lint-disable-next-line` takes it. */
  rule: string;
  /** Name of the sync (or helper function) in which it is. */
  sync: string;
  /** What is wrong. */
  message: string;
  /** What happens because of it. */
  why: string;
  /** What to write instead; indented lines are code. */
  cure: string;
}

/** Findings in the order of a reader: by file, then line, then column. */
export function inReadingOrder(findings: Finding[]): Finding[] {
  return [...findings].sort((a, b) =>
    a.file.localeCompare(b.file, "en") || a.line - b.line || a.column - b.column ||
    a.rule.localeCompare(b.rule, "en")
  );
}
