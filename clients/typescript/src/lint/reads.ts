import ts from "typescript";
import { bare, descendants, isPrinted, keyOf, methodOf, receiverOf, wrapped } from "./syntax.ts";

/** A place that looks into a row or frame: `row.error`, `frame[user]`, `"error" in row`, `const { user } = row`. */
export interface Read {
  node: ts.Node;
  /** The row or frame, or the list of them; absent if the text does not show it. */
  object?: ts.Expression;
  /** What is looked for: a key that is written down, or the name of a variable. */
  key: string;
  /** True for `frame[user]`, false for `frame.user` and `frame["user"]`. */
  bySymbol: boolean;
  /** The value that is read, for the forms that have one; the others are tests by themselves. */
  value?: ts.Expression;
  /** The local name that the value gets, for `const { user } = row`. */
  name?: ts.Identifier;
}

/** The places in a function that look into something and do not merely print it. */
export function readsIn(root: ts.Node): Read[] {
  return [...descendants(root)].flatMap((node) => {
    const read = readAccess(node) ?? readIn(node) ?? readBinding(node) ?? readOwn(node);
    return read === undefined || isPrinted(node) ? [] : [read];
  });
}

function readAccess(node: ts.Node): Read | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    if (isWritten(node) || isCalled(node)) return undefined;
    return { node, object: node.expression, key: node.name.text, bySymbol: false, value: node };
  }
  if (!ts.isElementAccessExpression(node) || isWritten(node)) return undefined;
  const key = keyIn(node.argumentExpression);
  return key && { node, object: node.expression, ...key, value: node };
}

/** `"error" in row` */
function readIn(node: ts.Node): Read | undefined {
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.InKeyword) return undefined;
  const key = keyIn(node.left);
  return key && { node, object: node.right, ...key };
}

/** `Object.hasOwn(row, "error")`, `Reflect.has(row, user)`, `row.hasOwnProperty("error")` */
function readOwn(node: ts.Node): Read | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const [first, second] = node.arguments;
  const method = methodOf(node);
  const object = method === "hasOwnProperty" ? receiverOf(node) : first;
  const asked = method === "hasOwnProperty" ? first : second;
  if (!/^(hasOwn|has|hasOwnProperty)$/.test(method ?? "") || !object || !asked) return undefined;
  const key = keyIn(asked);
  return key && { node, object, ...key };
}

/** `const { user } = row`, `({ error }) => …` */
function readBinding(node: ts.Node): Read | undefined {
  if (!ts.isBindingElement(node) || !ts.isObjectBindingPattern(node.parent)) return undefined;
  const property = node.propertyName ?? (ts.isIdentifier(node.name) ? node.name : undefined);
  if (property === undefined) return undefined;
  const written = keyOf(property);
  const key = written === undefined
    ? ts.isComputedPropertyName(property) ? keyIn(property.expression) : undefined
    : { key: written, bySymbol: false };
  const object = boundFrom(node);
  return key && {
    node,
    ...(object === undefined ? {} : { object }),
    ...key,
    ...(ts.isIdentifier(node.name) ? { name: node.name } : {}),
  };
}

/** What a pattern takes apart: the value of its declaration, or the list whose callback has it as parameter. */
function boundFrom(node: ts.Node): ts.Expression | undefined {
  let outer = node.parent;
  while (ts.isBindingElement(outer) || ts.isObjectBindingPattern(outer) || ts.isArrayBindingPattern(outer)) {
    outer = outer.parent;
  }
  if (ts.isVariableDeclaration(outer)) {
    const loop = outer.parent.parent;
    return ts.isForOfStatement(loop) ? loop.expression : outer.initializer;
  }
  if (!ts.isParameter(outer) || !ts.isCallExpression(outer.parent.parent)) return undefined;
  return receiverOf(outer.parent.parent);
}

function keyIn(expression: ts.Expression): Pick<Read, "key" | "bySymbol"> | undefined {
  const node = bare(expression);
  if (ts.isStringLiteralLike(node)) return { key: node.text, bySymbol: false };
  return ts.isIdentifier(node) ? { key: node.text, bySymbol: true } : undefined;
}

function isWritten(access: ts.Expression): boolean {
  const node = wrapped(access);
  const { parent } = node;
  return ts.isBinaryExpression(parent) && parent.left === node &&
    parent.operatorToken.kind === ts.SyntaxKind.EqualsToken;
}

function isCalled(access: ts.Expression): boolean {
  const node = wrapped(access);
  return ts.isCallExpression(node.parent) && node.parent.expression === node;
}
