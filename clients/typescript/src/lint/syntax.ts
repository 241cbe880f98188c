import ts from "typescript";

/** Any function with a body: arrow, expression, declaration or method. */
export type FunctionNode =
  | ts.ArrowFunction
  | ts.FunctionExpression
  | ts.FunctionDeclaration
  | ts.MethodDeclaration;

/** True for a node that is a function of its own, where `return` means something else. */
export function isFunction(node: ts.Node): node is FunctionNode {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node) ||
    ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
}

/** The expression without parentheses, `await`, `as`, `satisfies` and `!`. */
export function bare(node: ts.Expression): ts.Expression {
  while (
    ts.isParenthesizedExpression(node) || ts.isAwaitExpression(node) ||
    ts.isAsExpression(node) || ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node) || ts.isTypeAssertionExpression(node)
  ) node = node.expression;
  return node;
}

/** The outermost wrapper of which this expression is the bare inside. */
export function wrapped(node: ts.Expression): ts.Expression {
  let outer: ts.Node = node;
  while (ts.isExpression(outer.parent) && bare(outer.parent) === node) outer = outer.parent;
  return outer as ts.Expression;
}

/** The node itself and everything below it, in the order of the text. */
export function* descendants(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* descendants(child);
}

/** The nodes around this one, nearest first. */
export function* ancestors(node: ts.Node): Generator<ts.Node> {
  for (let next = node.parent; next !== undefined; next = next.parent) yield next;
}

/** True if `node` is `outer` or lies inside it. */
export function isWithin(node: ts.Node, outer: ts.Node): boolean {
  return node.getSourceFile() === outer.getSourceFile() &&
    node.pos >= outer.pos && node.end <= outer.end;
}

/** The name of a property if it is written down: `user`, `"user"`; not `[user]`. */
export function keyOf(name: ts.PropertyName | ts.BindingName): string | undefined {
  if (ts.isIdentifier(name) || ts.isStringLiteralLike(name)) return name.text;
  if (!ts.isComputedPropertyName(name)) return undefined;
  return ts.isStringLiteralLike(name.expression) ? name.expression.text : undefined;
}

/** The property of this name in an object literal. */
export function propertyOf(
  object: ts.ObjectLiteralExpression,
  key: string,
): ts.ObjectLiteralElementLike | undefined {
  return object.properties.find((p) => p.name !== undefined && keyOf(p.name) === key);
}

/** The places where a variable of this name is used (not where it only names a property). */
export function mentions(root: ts.Node, name: string): ts.Identifier[] {
  return [...descendants(root)].filter((node): node is ts.Identifier =>
    ts.isIdentifier(node) && node.text === name && !isOnlyAName(node)
  );
}

function isOnlyAName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isParameter(parent)) {
    return parent.name === node;
  }
  return ts.isBindingElement(parent) && parent.propertyName === node;
}

/** The name of the method that is called, `query` in `frames.query(…)`. */
export function methodOf(call: ts.CallExpression): string | undefined {
  const callee = bare(call.expression);
  return ts.isPropertyAccessExpression(callee) ? callee.name.text : undefined;
}

/** The object on which a method is called, `frames` in `frames.query(…)`. */
export function receiverOf(call: ts.CallExpression): ts.Expression | undefined {
  const callee = bare(call.expression);
  return ts.isPropertyAccessExpression(callee) ? bare(callee.expression) : undefined;
}

/** True inside `console.log(…)` and its like: what is only printed decides nothing. */
export function isPrinted(node: ts.Node): boolean {
  return [...ancestors(node)].some((outer) => {
    if (!ts.isCallExpression(outer)) return false;
    const receiver = receiverOf(outer);
    return receiver !== undefined && ts.isIdentifier(receiver) && receiver.text === "console";
  });
}

/** The code on one line, without comments, for messages and sketches. */
export function oneLine(node: ts.Node): string {
  const printer = ts.createPrinter({ removeComments: true, omitTrailingSemicolon: true });
  return printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
    .replace(/\s+/g, " ").replace(/,? ([\]}])/g, " $1").replace(/\[ /g, "[").replace(/ \]/g, "]")
    .replace(/\{ \}/g, "{}");
}
