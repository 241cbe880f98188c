import ts from "typescript";
import type { Outputs } from "./outputs.ts";
import { bare, descendants, isFunction, keyOf } from "./syntax.ts";

/**
 * The keys of each object that a method returns; undefined if one of them is not written out. A declared union does not
 * tell: TypeScript accepts `{ post, error }` where `{ post } | { error }` is declared.
 */
export function returnedOutputs(method: ts.MethodDeclaration): Outputs | undefined {
  if (method.body === undefined) return undefined;
  const returns = [...ownNodes(method.body)].flatMap((node) =>
    ts.isReturnStatement(node) && node.expression !== undefined ? readReturned(node.expression) : []
  );
  return returns.every((keys) => keys !== undefined) ? returns : undefined;
}

/** The nodes of a function without those of the functions inside it, whose `return` is their own. */
function* ownNodes(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) if (!isFunction(child)) yield* ownNodes(child);
}

function readReturned(expression: ts.Expression): (readonly string[] | undefined)[] {
  const node = bare(expression);
  if (ts.isConditionalExpression(node)) return [...readReturned(node.whenTrue), ...readReturned(node.whenFalse)];
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(readReturned);
  if (ts.isObjectLiteralExpression(node)) return [keysOf(node)];
  return isEveryRow(node) ? readRows(node) : [undefined];
}

/** `docs.map((doc) => ({ post: doc }))` */
function isEveryRow(node: ts.Expression): node is ts.CallExpression {
  return ts.isCallExpression(node) && /\.(map|flatMap)$/.test(node.expression.getText());
}

function readRows({ arguments: [callback] }: ts.CallExpression): (readonly string[] | undefined)[] {
  if (callback === undefined || !ts.isArrowFunction(callback)) return [undefined];
  if (!ts.isBlock(callback.body)) return readReturned(callback.body);
  return [...descendants(callback.body)].flatMap((node) =>
    ts.isReturnStatement(node) && node.expression !== undefined ? readReturned(node.expression) : []
  );
}

function keysOf(object: ts.ObjectLiteralExpression): readonly string[] | undefined {
  const keys = object.properties.map(({ name }) => name && keyOf(name));
  return keys.every((key) => key !== undefined) ? keys : undefined;
}
