import ts from "typescript";
import { ancestors, bare, descendants, isFunction, isWithin, methodOf, receiverOf } from "./syntax.ts";
import type { Query, Where } from "./where.ts";

/** Where a name got its value: an expression, the `where`'s own parameter, or not to be told. */
export type Origin = ts.Expression | "parameter" | "unknown";

/** The value that a name has where it stands, if the text alone decides it. */
export function originOf(name: ts.Identifier, where: Where): Origin {
  if (where.fn === undefined || isShadowed(name, where.fn)) return "unknown";
  const all = assignments(name.text, where.fn);
  const before = all.filter(({ node }) => node.end <= name.pos);
  const last = before.at(-1);
  if (isChangedLater(name, all.map(({ node }) => node), last?.node)) return "unknown";
  if (last === undefined) return name.text === where.parameter ? "parameter" : "unknown";
  return isWithin(name, blockOf(last.node)) ? last.value : "unknown";
}

/** The session query whose rows an expression holds, unfiltered and with nothing in between. */
export function queryBehind(
  expression: ts.Expression,
  where: Where,
  queries: Query[],
): Query | undefined {
  const node = bare(expression);
  if (ts.isCallExpression(node)) return queries.find(({ call }) => call === node);
  if (!ts.isIdentifier(node)) return undefined;
  const origin = originOf(node, where);
  if (origin === "parameter" || origin === "unknown") return undefined;
  return queries.find(({ call }) => call === bare(origin));
}

/** True if these frames hold at least one: the engine calls a `where` with some, and none were dropped. */
export function holdsFrames(expression: ts.Expression, where: Where, queries: Query[]): boolean {
  const node = bare(expression);
  if (ts.isIdentifier(node)) {
    const origin = originOf(node, where);
    if (origin === "unknown") return false;
    return origin === "parameter" || holdsFrames(origin, where, queries);
  }
  if (!ts.isCallExpression(node)) return false;
  const query = queries.find(({ call }) => call === node);
  if (query !== undefined) return query.frames === undefined || holdsFrames(query.frames, where, queries);
  const receiver = receiverOf(node);
  return methodOf(node) === "map" && receiver !== undefined && holdsFrames(receiver, where, queries);
}

interface Assignment {
  node: ts.Node;
  value: ts.Expression;
}

function assignments(name: string, fn: ts.Node): Assignment[] {
  return [...descendants(fn)].flatMap((node): Assignment[] => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
      return node.name.text === name && node.initializer ? [{ node, value: node.initializer }] : [];
    }
    if (!ts.isBinaryExpression(node) || !isAssignment(node.operatorToken.kind)) return [];
    return ts.isIdentifier(node.left) && node.left.text === name ? [{ node, value: node.right }] : [];
  });
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function isShadowed(name: ts.Identifier, fn: ts.Node): boolean {
  for (const outer of ancestors(name)) {
    if (outer === fn) return false;
    if (isFunction(outer) && outer.parameters.some((p) => p.name.getText() === name.text)) return true;
  }
  return false;
}

/** A later assignment counts if a loop or callback around the name runs again after it. */
function isChangedLater(name: ts.Node, all: ts.Node[], last: ts.Node | undefined): boolean {
  const repeated = [...ancestors(name)].filter((outer) =>
    ts.isIterationStatement(outer, false) || (isFunction(outer) && ts.isCallExpression(outer.parent))
  );
  return all.some((node) =>
    node.pos > name.pos && repeated.some((outer) =>
      isWithin(node, outer) && !(last !== undefined && isWithin(last, outer))
    )
  );
}

function blockOf(node: ts.Node): ts.Node {
  for (const outer of ancestors(node)) {
    if (ts.isBlock(outer) || isFunction(outer)) return outer;
    // `if (x) frames = …` without braces: the value holds nowhere else.
    if (ts.isIfStatement(outer) || ts.isIterationStatement(outer, false)) return node;
    if (ts.isConditionalExpression(outer)) return node;
  }
  return node.getSourceFile();
}
