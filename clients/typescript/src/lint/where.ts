import ts from "typescript";
import type { Action, Names } from "./names.ts";
import { type Pattern, readPattern } from "./pattern.ts";
import {
  bare,
  descendants,
  type FunctionNode,
  isFunction,
  isPrinted,
  isWithin,
  mentions,
  methodOf,
  receiverOf,
} from "./syntax.ts";
import type { Variables } from "./variables.ts";

/** One call of a concept's query, through `frames.query(…)` or directly. */
export interface Query extends Action {
  call: ts.CallExpression;
  /** The frames on which `.query` is called; absent for a direct call `Sessioning._getUser({ … })`. */
  frames?: ts.Expression;
  input: Pattern;
  /** Absent for a direct call. */
  output?: Pattern;
}

/** A function over frames: a sync's `where`, or a helper. */
export interface Where {
  node: ts.Node;
  /** Absent if the function is not written in this file: nothing may be concluded. */
  fn?: FunctionNode;
  /** The name of its parameter, `frames`. */
  parameter?: string;
  /** The logic variables in force. */
  variables: Variables;
  queries: Query[];
}

/** Reads the `where` of a sync. */
export function readWhere(
  property: ts.ObjectLiteralElementLike,
  names: Names,
  variables: Variables,
): Where {
  const fn = functionOf(property, names);
  return fn === undefined
    ? { node: property, variables, queries: [] }
    : readFunction(fn, property, names, variables);
}

/** Reads a function over frames that is not itself a `where`. */
export function readFunction(
  fn: FunctionNode,
  node: ts.Node,
  names: Names,
  variables: Variables,
): Where {
  const parameter = fn.parameters[0]?.name;
  return {
    node: isWithin(fn, node) ? node : fn,
    fn,
    ...(parameter !== undefined && ts.isIdentifier(parameter) ? { parameter: parameter.text } : {}),
    variables,
    queries: fn.body === undefined ? [] : readQueries(fn.body, names, variables),
  };
}

/** True if a `where`, apart from some queries, may give this variable a value, or cannot be read for certain. */
export function mayBind(where: Where | undefined, variable: string, apart: readonly Query[] = []): boolean {
  if (where === undefined) return false;
  if (where.fn === undefined) return true;
  return mentions(where.node, variable).some((mention) =>
    !isPrinted(mention) && !isFrameRead(mention) &&
    !where.queries.some(({ input }) => isWithin(mention, input.node)) &&
    !apart.some(({ output }) => output !== undefined && isWithin(mention, output.node))
  );
}

/** True for the `user` in `frame[user]`, unless that is assigned to. */
export function isFrameRead(mention: ts.Identifier): boolean {
  let node: ts.Node = mention;
  while (ts.isExpression(node.parent) && bare(node.parent) === mention) node = node.parent;
  const access = node.parent;
  if (!ts.isElementAccessExpression(access) || access.argumentExpression !== node) return false;
  const { parent } = access;
  return !(ts.isBinaryExpression(parent) && parent.left === access &&
    parent.operatorToken.kind === ts.SyntaxKind.EqualsToken);
}

function functionOf(
  property: ts.ObjectLiteralElementLike,
  names: Names,
): FunctionNode | undefined {
  if (ts.isMethodDeclaration(property)) return property;
  const expression = ts.isPropertyAssignment(property)
    ? bare(property.initializer)
    : ts.isShorthandPropertyAssignment(property)
    ? property.name
    : undefined;
  if (expression === undefined) return undefined;
  const value = names.value(expression);
  if (isFunction(value)) return value;
  return ts.isIdentifier(value) ? names.declaredFunction(value) : undefined;
}

function readQueries(body: ts.Node, names: Names, variables: Variables): Query[] {
  return [...descendants(body)].flatMap((node) =>
    ts.isCallExpression(node) ? readQuery(node, names, variables) ?? [] : []
  );
}

function readQuery(
  call: ts.CallExpression,
  names: Names,
  variables: Variables,
): Query | undefined {
  const [first, second, third] = call.arguments;
  const frames = receiverOf(call);
  if (/^query(Async)?$/.test(methodOf(call) ?? "") && frames && first && second) {
    const action = names.action(first);
    const output = third === undefined
      ? { node: call, entries: [], open: true }
      : readPattern(third, names, variables);
    return action && { ...action, call, frames, input: readPattern(second, names, variables), output };
  }
  const action = names.action(call.expression);
  if (action === undefined || !action.action.startsWith("_") || first === undefined) {
    return undefined;
  }
  return { ...action, call, input: readPattern(first, names, variables) };
}
