import ts from "typescript";
import { descendants, isPrinted, keyOf, mentions, wrapped } from "./syntax.ts";
import { isFrameRead, type Query, type Where } from "./where.ts";

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

/** The places where a variable's value in a frame decides something, itself or under another name. */
export function testsOf(variable: string, root: ts.Node): ts.Expression[] {
  return mentions(root, variable).filter(isFrameRead).flatMap((mention) => {
    let access: ts.Node = mention.parent;
    while (!ts.isElementAccessExpression(access)) access = access.parent;
    return testsOfValue(access, root);
  });
}

/** True if a function looks into what a session query answered, and not only at how many rows there are. */
export function looksIntoAnswer(where: Where, query: Query): boolean {
  const root = where.fn ?? where.node;
  if ([...descendants(root)].some(readsErrorKey)) return true;
  if (query.output === undefined) return [...descendants(root)].some((n) => testsUserKey(n, root));
  return query.output.entries.some(({ key, variable }) => {
    if (variable === undefined) return false;
    return key === "error"
      ? mentions(root, variable).some((m) => isFrameRead(m) && !isPrinted(m))
      : testsOf(variable, root).length > 0;
  });
}

function testsOfValue(value: ts.Expression, root: ts.Node): ts.Expression[] {
  if (isPrinted(value)) return [];
  if (isTested(value)) return [value];
  const { parent } = wrapped(value);
  if (!ts.isVariableDeclaration(parent) || !ts.isIdentifier(parent.name)) return [];
  return mentions(root, parent.name.text).filter((m) => m !== parent.name && isTested(m));
}

/** `row.error`, `row["error"]`, `"error" in row`, `const { error } = row`. */
function readsErrorKey(node: ts.Node): boolean {
  if (isPrinted(node)) return false;
  if (ts.isPropertyAccessExpression(node)) return node.name.text === "error";
  if (ts.isBindingElement(node)) return keyOf(node.propertyName ?? node.name) === "error";
  if (!ts.isStringLiteralLike(node) || node.text !== "error") return false;
  return ts.isElementAccessExpression(node.parent) || ts.isBinaryExpression(node.parent);
}

/** `row.user` in a condition, `"user" in row`, `const { user } = row`. */
function testsUserKey(node: ts.Node, root: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node) && node.name.text === "user") {
    return testsOfValue(node, root).length > 0;
  }
  if (ts.isBindingElement(node) && ts.isIdentifier(node.name)) {
    const name = node.name;
    return keyOf(node.propertyName ?? name) === "user" &&
      mentions(root, name.text).some((m) => m !== name && isTested(m));
  }
  return ts.isStringLiteralLike(node) && node.text === "user" && ts.isBinaryExpression(node.parent);
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
