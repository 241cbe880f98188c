import ts from "typescript";
import { ancestors, descendants, isFunction, mentions, methodOf, receiverOf } from "./syntax.ts";
import { originOf } from "./values.ts";
import type { Where } from "./where.ts";

/** Methods that leave their list, and what they are given, as it is. */
const UNCHANGING = new Set([
  "query", "queryAsync", "collectAs", "map", "flatMap", "filter", "forEach", "concat", "slice", "at", "find",
  "findIndex", "some", "every", "includes", "indexOf", "join", "log", "all",
]);

/** Everything that a name can have got its value or its elements from, where it stands. */
export function inflows(name: ts.Identifier, where: Where): ts.Node[] | "unknown" {
  if (where.fn === undefined) return "unknown";
  const parameter = parameterOf(name, where.fn);
  if (parameter !== undefined) return fromParameter(parameter);
  const origin = originOf(name, where);
  const nodes = [...descendants(where.fn)];
  const changes = nodes.flatMap((node) => changesOf(name.text, node));
  if (origin === "parameter") return changes;
  if (origin !== "unknown") return [origin, ...changes];
  return [...nodes.flatMap((node) => valuesOf(name.text, node)), ...changes];
}

/** The parameter of an inner function that a name means. */
function parameterOf(name: ts.Identifier, fn: ts.Node): ts.ParameterDeclaration | undefined {
  for (const outer of ancestors(name)) {
    if (outer === fn) return undefined;
    if (!isFunction(outer)) continue;
    const found = outer.parameters.find((parameter) => binds(parameter.name, name.text));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A callback gets what its list has; another function gets what its callers have. */
function fromParameter(parameter: ts.ParameterDeclaration): ts.Node[] | "unknown" {
  const call = parameter.parent.parent;
  if (!ts.isCallExpression(call)) return "unknown";
  const receiver = receiverOf(call);
  if (receiver === undefined) return "unknown";
  return [receiver, ...call.arguments.filter((argument) => !isFunction(argument))];
}

/** The values that a name is given as a whole. */
function valuesOf(name: string, node: ts.Node): ts.Node[] {
  if (ts.isVariableDeclaration(node) && binds(node.name, name)) {
    const loop = node.parent.parent;
    if (ts.isForOfStatement(loop)) return [loop.expression];
    return node.initializer === undefined ? [] : [node.initializer];
  }
  if (isAssignment(node) && ts.isIdentifier(node.left) && node.left.text === name) return [node.right];
  return ts.isFunctionDeclaration(node) && node.name?.text === name && node.body ? [node.body] : [];
}

/** What is put into the thing that a name holds: `kept.push(frame)`, `kept[0] = frame`, `fill(kept, frames)`. */
function changesOf(name: string, node: ts.Node): ts.Node[] {
  if (isAssignment(node)) {
    return !ts.isIdentifier(node.left) && contains(node.left, name) ? [node.right] : [];
  }
  if (!ts.isCallExpression(node) || UNCHANGING.has(methodOf(node) ?? "")) return [];
  const given = node.arguments.filter((argument) => !isFunction(argument));
  const receiver = receiverOf(node);
  if (receiver !== undefined && contains(receiver, name)) return given;
  const others = given.filter((argument) => !contains(argument, name));
  return others.length < given.length ? others : [];
}

function isAssignment(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
    node.operatorToken.kind <= ts.SyntaxKind.LastAssignment;
}

function binds(pattern: ts.BindingName, name: string): boolean {
  if (ts.isIdentifier(pattern)) return pattern.text === name;
  return pattern.elements.some((element) => ts.isBindingElement(element) && binds(element.name, name));
}

function contains(node: ts.Node, name: string): boolean {
  return mentions(node, name).length > 0;
}
