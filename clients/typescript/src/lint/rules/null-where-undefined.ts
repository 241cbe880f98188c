import ts from "typescript";
import { helpersOf } from "../helpers.ts";
import { variablesOf } from "../pattern.ts";
import { type Mistake, type Rule, sessionQueries } from "../rule.ts";
import { isBoundByWhen } from "../sync.ts";
import { oneLine } from "../syntax.ts";
import { outputOf, readsOf, testsOfRead } from "../checks.ts";
import { mayBind, type Query, type Where } from "../where.ts";

/** A user compared with `null`: where there is none, it is `undefined`. */
export const nullWhereUndefined: Rule = {
  name: "null-where-undefined",
  summary: "`frame[user] !== null` where a missing user is `undefined`",
  *check(file) {
    for (const { name, where, sync } of helpersOf(file)) {
      for (const query of sessionQueries(where, file.concepts)) {
        for (const variable of variablesOf(query.output)) {
          if (sync !== undefined && isBoundByWhen(sync, variable)) continue;
          const tests = writes(where, variable, query) ? [] : nullTests(variable, query, where);
          for (const test of tests) yield mistake(name, test, query);
        }
      }
    }
  },
};

/** The comparisons with `null`, if they are all that is asked of this variable. */
function nullTests(variable: string, query: Query, where: Where): ts.BinaryExpression[] {
  const key = query.output?.entries.find((entry) => entry.variable === variable)?.key;
  const tests = readsOf(where, query).filter((read) => outputOf(read, query) === key)
    .flatMap((read) => testsOfRead(read, where)).map((value) => nullTest(value));
  return tests.every((test) => test !== undefined) ? tests : [];
}

function nullTest(value: ts.Node): ts.BinaryExpression | undefined {
  let node: ts.Node = value;
  while (!ts.isBinaryExpression(node.parent) && ts.isExpression(node.parent)) node = node.parent;
  const test = node.parent;
  if (!ts.isBinaryExpression(test) || !/^[!=]==$/.test(test.operatorToken.getText())) return undefined;
  const other = test.left === node ? test.right : test.left;
  return other.kind === ts.SyntaxKind.NullKeyword ? test : undefined;
}

/** True if the `where` gives the variable a value by hand, which may be `null`. */
function writes(where: Where, variable: string, query: Query): boolean {
  const again = where.queries.some((other) =>
    other !== query && variablesOf(other.output).includes(variable)
  );
  return again || mayBind(where, variable, where.queries);
}

function mistake(name: string, test: ts.BinaryExpression, query: Query): Mistake {
  const always = test.operatorToken.getText() === "!==";
  return {
    node: test,
    sync: name,
    message: `\`${oneLine(test)}\` is ${always ? "true" : "false"} for everybody.`,
    why: `For an unknown session ${query.written} answers [{ error: "…" }]. A key that is ` +
      `missing there leaves the variable without a value, and that reads as \`undefined\`, never as ` +
      `\`null\`: ${always ? "nobody is stopped" : "nobody is found"}.`,
    cure: `Compare with undefined (\`!= null\` with one equals sign catches both):\n` +
      `    ${oneLine(test).replace(/\bnull\b/, "undefined")}`,
  };
}
