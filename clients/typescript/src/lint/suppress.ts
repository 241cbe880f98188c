import type { Finding } from "./finding.ts";

const COMMENT = /\/\/\s*sessioning-lint-disable-next-line\b[ \t]*([\w-]*)[ \t]*(.*?)\s*$/;

/** A comment that silences one rule on the next line of code. */
interface Silencer {
  /** Line of the comment, counted from 1. */
  line: number;
  column: number;
  length: number;
  rule: string;
  reason: string;
}

/**
 * The findings without those that a comment silences. A comment without a reason, or with a rule
 * that does not exist, silences nothing and is a finding itself.
 */
export function applySilencers(
  findings: Finding[],
  file: string,
  text: string,
  rules: readonly string[],
): Finding[] {
  const silencers = readSilencers(text);
  const complete = silencers.filter((s) => rules.includes(s.rule) && s.reason !== "");
  const lines = new Set(silencers.map(({ line }) => line));
  const incomplete = silencers.filter((s) => !complete.includes(s));
  return [
    ...findings.filter((finding) => !complete.some((s) => silences(s, finding, lines))),
    ...incomplete.map((silencer) => complain(silencer, file, rules)),
  ];
}

function readSilencers(text: string): Silencer[] {
  return text.split(/\r?\n/).flatMap((code, index) => {
    const match = COMMENT.exec(code);
    if (match === null) return [];
    const [whole, rule = "", rest = ""] = match;
    const reason = rest.replace(/^[\s:–—-]+/, "");
    return [{ line: index + 1, column: match.index + 1, length: whole.trimEnd().length, rule, reason }];
  });
}

/** Comments may stand one above the other; together they mean the line below the last. */
function silences(silencer: Silencer, finding: Finding, comments: Set<number>): boolean {
  let line = silencer.line + 1;
  while (comments.has(line)) line += 1;
  return silencer.rule === finding.rule && finding.line === line;
}

function complain(silencer: Silencer, file: string, rules: readonly string[]): Finding {
  const known = rules.includes(silencer.rule);
  return {
    file,
    line: silencer.line,
    column: silencer.column,
    endLine: silencer.line,
    endColumn: silencer.column + silencer.length,
    rule: "unexplained-disable",
    sync: "",
    message: known
      ? "This comment gives no reason, so it silences nothing."
      : `There is no rule \`${silencer.rule}\`, so this comment silences nothing.`,
    why: "Whoever reads it later must be able to tell whether it still holds.",
    cure: known
      ? `Say why:\n    // sessioning-lint-disable-next-line ${silencer.rule} -- the page is public`
      : `Name one of ${rules.join(", ")}.`,
  };
}
