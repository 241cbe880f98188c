import ts from "typescript";
import { mayFollow, mayHold } from "./flow.ts";
import { type Read, readsIn } from "./reads.ts";
import { descendants, isPrinted, mentions, wrapped } from "./syntax.ts";
import type { Query, Where } from "./where.ts";

/** A test of how many frames there are: `frames.length === 0`, `!frames.length`, `frames.length > 0`. */
export interface LengthTest {
  node: ts.Node;
  subject: ts.Expression;
  /** True if it asks for none, false if it asks for some. */
  asksForNone: boolean;
}

/** The tests for none or some in a function. */
export function lengthTests(root: ts.Node): LengthTest[] {
  return [...descendants(root)].flatMap((node) => {
    if (!ts.isPropertyAccessExpression(node) || node.name.text !== "length") return [];
    const test = isPrinted(node) ? undefined : readLengthTest(node);
    return test === undefined ? [] : [{ ...test, subject: node.expression }];
  });
}

/** True if a value decides something here: a condition, a comparison, the result of a callback. */
export function isTested(expression: ts.Expression): boolean {
  const node = wrapped(expression);
  const { parent } = node;
  if (ts.isPrefixUnaryExpression(parent) || ts.isTypeOfExpression(parent)) return true;
  if (ts.isBinaryExpression(parent)) return !isAssignmentTo(parent, node);
  if (ts.isArrowFunction(parent)) return parent.body === node;
  return isCondition(node, parent) ||
    (ts.isCallExpression(parent) && parent.expression.getText() === "Boolean");
}

/** True if a function looks into what a session query answered, and not only at how many rows there are. */
export function looksIntoAnswer(where: Where, query: Query): boolean {
  return readsOf(where, query).some((read) =>
    outputOf(read, query) === "error" || testsOfRead(read, where).length > 0
  );
}

/** The places that look for an output in the rows or frames of one query, after it was asked. */
export function readsOf(where: Where, query: Query): Read[] {
  const root = where.fn ?? where.node;
  return readsIn(root).filter((read) =>
    outputOf(read, query) !== undefined && mayFollow(read.node, query, where) &&
    (read.object === undefined || mayHold(read.object, query, where))
  );
}

/** The places where what a read has found decides something, itself or under another name. */
export function testsOfRead({ node, value, name }: Read, where: Where): ts.Node[] {
  const root = where.fn ?? where.node;
  if (value !== undefined) return testsOfValue(value, root);
  if (name === undefined) return [node];
  return mentions(root, name.text).filter((mention) => mention !== name && isTested(mention));
}

/** True for a test whether there is a value at all: `frame[user] !== undefined`, `!frame[user]`, `"user" in frame`. */
export function asksForPresence(test: ts.Node): boolean {
  const { parent } = ts.isExpression(test) ? wrapped(test) : test;
  if (!ts.isBinaryExpression(parent) || !/^[!=]==?$/.test(parent.operatorToken.getText())) return true;
  return [parent.left, parent.right].some((side) => /^(undefined|null)$/.test(side.getText()));
}

/**
 * The output that a read looks for. A frame has an error only if the query was asked for it; a user is looked for even
 * where it was not, and then nobody gets through.
 */
export function outputOf({ key, bySymbol }: Read, { output }: Query): string | undefined {
  const written = !bySymbol && (key === "user" || key === "error") ? key : undefined;
  if (output === undefined || output.open) return written;
  const asked = output.entries.find((entry) =>
    entry.variable === key || (!bySymbol && (entry.key === key || entry.text === key))
  );
  return asked?.key ?? (written === "user" ? written : undefined);
}

function testsOfValue(value: ts.Expression, root: ts.Node): ts.Expression[] {
  if (isPrinted(value)) return [];
  if (isTested(value)) return [value];
  const { parent } = wrapped(value);
  if (!ts.isVariableDeclaration(parent) || !ts.isIdentifier(parent.name)) return [];
  return mentions(root, parent.name.text).filter((m) => m !== parent.name && isTested(m));
}

function readLengthTest(length: ts.Expression): Omit<LengthTest, "subject"> | undefined {
  const node = wrapped(length);
  const { parent } = node;
  if (ts.isPrefixUnaryExpression(parent) && parent.operator === ts.SyntaxKind.ExclamationToken) {
    const twice = ts.isPrefixUnaryExpression(parent.parent);
    return { node: twice ? parent.parent : parent, asksForNone: !twice };
  }
  if (ts.isBinaryExpression(parent)) {
    const asksForNone = readComparison(parent, node);
    if (asksForNone !== undefined) return { node: parent, asksForNone };
    return isLogical(parent) ? { node, asksForNone: false } : undefined;
  }
  return isCondition(node, parent) ? { node, asksForNone: false } : undefined;
}

const ASKS_FOR_NONE = new Set(["=== 0", "== 0", "< 1", "<= 0"]);
const ASKS_FOR_SOME = new Set(["!== 0", "!= 0", "> 0", ">= 1"]);
const MIRRORED: Readonly<Record<string, string>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" };

function readComparison(node: ts.BinaryExpression, length: ts.Expression): boolean | undefined {
  const written = node.operatorToken.getText();
  const comparison = node.left === length
    ? `${written} ${node.right.getText()}`
    : `${MIRRORED[written] ?? written} ${node.left.getText()}`;
  if (ASKS_FOR_NONE.has(comparison)) return true;
  return ASKS_FOR_SOME.has(comparison) ? false : undefined;
}

function isLogical(node: ts.BinaryExpression): boolean {
  return ["&&", "||"].includes(node.operatorToken.getText());
}

function isAssignmentTo(node: ts.BinaryExpression, operand: ts.Expression): boolean {
  return node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    (node.left === operand || node.right === operand);
}

function isCondition(node: ts.Expression, parent: ts.Node): boolean {
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  return (ts.isIfStatement(parent) || ts.isWhileStatement(parent)) && parent.expression === node;
}
