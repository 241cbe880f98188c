import ts from "typescript";
import { outputOf, readsOf } from "../checks.ts";
import type { Concepts } from "../concepts.ts";
import type { Entry } from "../pattern.ts";
import type { Read } from "../reads.ts";
import { type Mistake, type Rule, sessionQueries } from "../rule.ts";
import { isBoundByWhen, type Sync } from "../sync.ts";
import { bare, descendants, oneLine } from "../syntax.ts";
import { mayBind, type Query, type Where } from "../where.ts";

/** The user and the error of one session are needed at once, and no answer has both. */
export const userAndErrorTogether: Rule = {
  name: "user-and-error-together",
  summary: "a sync needs both the user and the error of a session, and no answer has both",
  *check(file) {
    for (const sync of file.syncs) {
      const { where } = sync;
      if (where === undefined) continue;
      for (const pair of pairsOf(where, file.concepts)) {
        if (isElsewhere(pair, where, sync)) continue;
        const node = neededByThen(pair, sync) ?? neededByCondition(pair, where);
        if (node !== undefined) yield mistake(sync, node, pair);
      }
    }
  },
};

/** Two variables of which a frame has one: what the same session's answers bind. */
interface Pair {
  user: string;
  error: string;
  queries: Query[];
}

function pairsOf(where: Where, concepts: Concepts): Pair[] {
  const entries = sessionQueries(where, concepts).flatMap((query) =>
    query.output?.entries.map((entry) => ({ query, entry })) ?? []
  );
  return entries.flatMap(({ query, entry: { key, variable: user } }) =>
    entries.flatMap(({ query: other, entry: { key: otherKey, variable: error } }) => {
      if (user === undefined || error === undefined || key === "error" || otherKey !== "error") return [];
      const together = !isSameQuestion(query, other) ||
        concepts.mayAnswer(query.concept, query.action, [key, otherKey]);
      return together ? [] : [{ user, error, queries: [query, other] }];
    })
  );
}

function isSameQuestion(one: Query, other: Query): boolean {
  return one === other ||
    (one.written === other.written && oneLine(one.input.node) === oneLine(other.input.node));
}

/** True if something other than the answers may fill one of the variables. */
function isElsewhere({ user, error, queries }: Pair, where: Where, sync: Sync): boolean {
  return [user, error].some((variable) => isBoundByWhen(sync, variable) || mayBind(where, variable, queries));
}

/** All inputs of a `then` are looked up before its first action runs, so they count as one. */
function neededByThen({ user, error }: Pair, sync: Sync): ts.Node | undefined {
  const inputs = sync.then.flatMap(({ input }) => input.entries);
  const place = (variable: string): Entry | undefined => inputs.find((entry) => entry.variable === variable);
  return place(user) && place(error)?.node;
}

/** `frame[user] !== undefined && frame[error] !== undefined` */
function neededByCondition({ user, error, queries }: Pair, where: Where): ts.Node | undefined {
  const reads = queries.flatMap((query) =>
    readsOf(where, query).map((read) => ({ read, isError: outputOf(read, query) === "error" }))
  );
  const asks = (node: ts.Expression, wantsError: boolean): boolean =>
    operands(node).some((operand) =>
      reads.some(({ read, isError }) => isError === wantsError && asksFor(operand, read))
    );
  return user === error ? undefined : [...descendants(where.fn ?? where.node)].filter(isAnd)
    .find((node) => asks(node, false) && asks(node, true));
}

function isAnd(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
}

function operands(expression: ts.Expression): ts.Expression[] {
  const node = bare(expression);
  return isAnd(node) ? [...operands(node.left), ...operands(node.right)] : [node];
}

/** True if a condition holds only where the read finds something. */
function asksFor(condition: ts.Expression, { node }: Read): boolean {
  if (condition === node) return true;
  if (!ts.isBinaryExpression(condition) || !/^!==?$/.test(condition.operatorToken.getText())) return false;
  return bare(condition.left) === node && /^(undefined|null)$/.test(condition.right.getText());
}

function mistake(sync: Sync, node: ts.Node, { user, error, queries: [query] }: Pair): Mistake {
  const name = query!.written;
  return {
    node,
    sync: sync.name,
    message: `No frame has both \`${user}\` and \`${error}\`.`,
    why: `${name} answers a known session with { user } and an unknown one with { error }, never with both. A ` +
      `condition on both is true for nobody. A \`then\` that needs both never runs: the engine throws "Missing ` +
      `binding", and the request waits until it times out.`,
    cure: `Write one sync for each answer. The first keeps the frames with a user, and nothing in it needs ` +
      `\`${error}\`:\n` +
      `    return frames.filter((frame) => frame[${user}] !== undefined);\n` +
      `The second keeps the frames with an error, and responds with it:\n` +
      `    return frames.filter((frame) => frame[${error}] !== undefined);`,
  };
}
