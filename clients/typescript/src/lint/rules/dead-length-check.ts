import ts from "typescript";
import { type Mistake, type Rule, sessionQueries } from "../rule.ts";
import type { Sync } from "../sync.ts";
import { oneLine } from "../syntax.ts";
import { type LengthTest, lengthTests, looksIntoAnswer } from "../checks.ts";
import { holdsFrames, queryBehind } from "../values.ts";
import type { Query } from "../where.ts";

/** A test whether a session query gave no rows: it always gives one. */
export const deadLengthCheck: Rule = {
  name: "dead-length-check",
  summary: "`frames.length === 0` after a session query is never true",
  *check(file) {
    for (const sync of file.syncs) {
      const { where } = sync;
      const queries = sessionQueries(where, file.concepts);
      if (where?.fn === undefined || queries.length === 0) continue;
      for (const test of lengthTests(where.fn)) {
        const query = queryBehind(test.subject, where, queries);
        if (query === undefined || !holdsFrames(query.call, where, queries)) continue;
        if (!looksIntoAnswer(where, query) && !onlyPrints(test)) yield mistake(sync, test, query);
      }
    }
  },
};

/** True if nothing but a message hangs on the test. */
function onlyPrints({ node }: LengthTest): boolean {
  const { parent } = node;
  if (!ts.isIfStatement(parent) || parent.elseStatement !== undefined) return false;
  const { thenStatement: body } = parent;
  return (ts.isBlock(body) ? body.statements : [body]).every((statement) =>
    ts.isExpressionStatement(statement) && ts.isCallExpression(statement.expression) &&
    statement.expression.expression.getText().startsWith("console.")
  );
}

function mistake(sync: Sync, test: LengthTest, query: Query): Mistake {
  const name = query.written;
  const user = query.output?.entries.find(({ variable }) => variable !== undefined)?.variable ?? "user";
  return {
    node: test.node,
    sync: sync.name,
    message: `\`${oneLine(test.node)}\` is ${test.asksForNone ? "never" : "always"} true here.`,
    why: `For an unknown session ${name} answers [{ error: "…" }]: a list with one row, not an empty ` +
      `one. So the answer for people who are not logged in is never given; they come through, or ` +
      `their request waits until it times out.`,
    cure: query.frames === undefined
      ? `Look into the row instead:\n` +
        `    if (rows[0]?.user === undefined) { /* not logged in */ }`
      : `Drop the frames without a user first, then count:\n` +
        `    frames = frames.filter((frame) => frame[${user}] !== undefined);\n` +
        `    if (frames.length === 0) { /* not logged in */ }\n` +
        `To answer those who are not logged in, write a second sync that keeps the frames in which ` +
        `\`${user}\` is undefined and responds with an error.`,
  };
}
