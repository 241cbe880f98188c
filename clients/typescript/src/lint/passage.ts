import ts from "typescript";
import { bare, descendants, isFunction, isPrinted, methodOf, receiverOf } from "./syntax.ts";
import type { Where } from "./where.ts";

/** Array methods of frames; none of them looks into a frame by itself. */
const PLAIN_METHODS = new Set([
  "query", "queryAsync", "collectAs", "map", "flatMap", "filter", "forEach", "push", "concat", "slice",
  "reverse", "sort", "at",
]);

/**
 * True if the frames that a `where` was called with, or what its queries made of them, are what it
 * returns in the end; false if that cannot be told.
 */
export function passesFramesOn(where: Where): boolean {
  const { fn, parameter } = where;
  if (fn?.body === undefined || parameter === undefined) return false;
  const result = ts.isBlock(fn.body) ? lastReturn(fn.body) : fn.body;
  return result !== undefined && carries(result, framesNames(fn.body, parameter));
}

/** True if frames are handed to a function of unknown behaviour, which may drop some. */
export function handsFramesOut(where: Where): boolean {
  if (where.fn?.body === undefined || where.parameter === undefined) return true;
  const names = framesNames(where.fn.body, where.parameter);
  return [...descendants(where.fn.body)].some((node) =>
    ts.isCallExpression(node) && !isPrinted(node) && !isPrintedCall(node) &&
    !PLAIN_METHODS.has(methodOf(node) ?? "") &&
    node.arguments.some((argument) => {
      const inner = bare(ts.isSpreadElement(argument) ? argument.expression : argument);
      return ts.isIdentifier(inner) && names.has(inner.text);
    })
  );
}

function isPrintedCall(call: ts.CallExpression): boolean {
  const receiver = receiverOf(call);
  return receiver !== undefined && ts.isIdentifier(receiver) && receiver.text === "console";
}

function lastReturn(block: ts.Block): ts.Expression | undefined {
  const last = block.statements.at(-1);
  if (last === undefined) return undefined;
  if (ts.isTryStatement(last)) return lastReturn(last.tryBlock);
  return ts.isReturnStatement(last) ? last.expression : undefined;
}

/** The names that hold frames or one frame, found by following assignments, loops and `push`. */
function framesNames(body: ts.Node, parameter: string): Set<string> {
  const names = new Set([parameter]);
  let before: number;
  do {
    before = names.size;
    for (const node of descendants(body)) for (const name of namesFrom(node, names)) names.add(name);
  } while (names.size > before);
  return names;
}

function namesFrom(node: ts.Node, names: Set<string>): string[] {
  if (ts.isVariableDeclaration(node)) {
    return node.initializer && ts.isIdentifier(node.name) && carries(node.initializer, names)
      ? [node.name.text]
      : [];
  }
  if (ts.isForOfStatement(node)) {
    if (!carries(node.expression, names) || !ts.isVariableDeclarationList(node.initializer)) return [];
    return node.initializer.declarations.map(({ name }) => name.getText());
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
    return ts.isIdentifier(node.left) && carries(node.right, names) ? [node.left.text] : [];
  }
  return ts.isCallExpression(node) ? namesFromCall(node, names) : [];
}

function namesFromCall(call: ts.CallExpression, names: Set<string>): string[] {
  const receiver = receiverOf(call);
  if (receiver === undefined) return [];
  if (methodOf(call) === "push" && ts.isIdentifier(receiver)) {
    return call.arguments.some((argument) => carries(argument, names)) ? [receiver.text] : [];
  }
  const [callback] = call.arguments;
  if (!carries(receiver, names) || callback === undefined || !isFunction(callback)) return [];
  return callback.parameters.slice(0, 1).map(({ name }) => name.getText());
}

/** True if frames go into this expression: a name of some, or something built from one. */
function carries(expression: ts.Expression, names: Set<string>): boolean {
  const node = bare(expression);
  if (ts.isIdentifier(node)) return names.has(node.text);
  if (ts.isSpreadElement(node)) return carries(node.expression, names);
  if (ts.isElementAccessExpression(node)) return carries(node.expression, names);
  if (ts.isNewExpression(node)) return node.arguments?.some((a) => carries(a, names)) ?? false;
  if (ts.isConditionalExpression(node)) return carries(node.whenTrue, names) || carries(node.whenFalse, names);
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.some((p) => ts.isSpreadAssignment(p) && carries(p.expression, names));
  }
  if (!ts.isCallExpression(node)) return false;
  const receiver = receiverOf(node);
  if (receiver !== undefined && PLAIN_METHODS.has(methodOf(node) ?? "")) return carries(receiver, names);
  // `Promise.all(frames.map(…))`
  return methodOf(node) === "all" && node.arguments.some((a) => carries(a, names));
}
