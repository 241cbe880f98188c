import ts from "typescript";
import type { Action, Names } from "./names.ts";
import { type Pattern, readPattern } from "./pattern.ts";
import { ancestors, isFunction, propertyOf } from "./syntax.ts";
import { type Variables, variablesAt } from "./variables.ts";
import { readWhere, type Where } from "./where.ts";

/** One `[action, input, output?]` of a `when` or `then`. */
export interface Step extends Action {
  node: ts.Node;
  input: Pattern;
  /** Absent where none is written. */
  output?: Pattern;
}

/** One sync: when these actions happened, and where this holds, then call those. */
export interface Sync {
  name: string;
  variables: Variables;
  when: Step[];
  /** Absent if the sync has none. */
  where?: Where;
  then: Step[];
}

/** The syncs of a file, in whatever way they are declared; one that cannot be read for certain is left out. */
export function readSyncs(source: ts.SourceFile, names: Names): Sync[] {
  const syncs: Sync[] = [];
  const visit = (node: ts.Node): void => {
    const sync = ts.isObjectLiteralExpression(node) ? readSync(node, names) : undefined;
    if (sync !== undefined) syncs.push(sync);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return syncs;
}

/** Every variable for which a sync's `when` may give a value; all of them if it cannot be read. */
export function isBoundByWhen(sync: Sync, variable: string): boolean {
  return sync.when.flatMap(({ input, output }) => output === undefined ? [input] : [input, output])
    .some(({ open, entries }) => open || entries.some((entry) => entry.variable === variable));
}

function readSync(object: ts.ObjectLiteralExpression, names: Names): Sync | undefined {
  const variables = variablesAt(object);
  const when = readSteps(object, "when", names, variables);
  const then = readSteps(object, "then", names, variables);
  if (when === undefined || then === undefined) return undefined;
  const where = propertyOf(object, "where");
  return {
    name: syncName(object),
    variables,
    when,
    ...(where === undefined ? {} : { where: readWhere(where, names, variables) }),
    then,
  };
}

function readSteps(
  object: ts.ObjectLiteralExpression,
  key: "when" | "then",
  names: Names,
  variables: Variables,
): Step[] | undefined {
  const property = propertyOf(object, key);
  if (property === undefined) return undefined;
  const value = ts.isShorthandPropertyAssignment(property)
    ? names.value(property.name)
    : ts.isPropertyAssignment(property)
    ? names.value(property.initializer)
    : undefined;
  const lists = value && listsOf(value);
  const steps = lists?.map((list) => readStep(list, names, variables));
  return steps?.every((step) => step !== undefined) ? steps : undefined;
}

/** The lists in `actions([…], […])` or `[[…], […]]`. */
function listsOf(value: ts.Expression): readonly ts.Expression[] | undefined {
  if (ts.isArrayLiteralExpression(value)) return value.elements;
  if (!ts.isCallExpression(value)) return undefined;
  return /(^|\.)actions$/.test(value.expression.getText()) ? value.arguments : undefined;
}

function readStep(list: ts.Expression, names: Names, variables: Variables): Step | undefined {
  const node = names.value(list);
  if (!ts.isArrayLiteralExpression(node)) return undefined;
  const [first, input, output] = node.elements;
  const action = first && names.action(first);
  if (action === undefined || input === undefined) return undefined;
  return {
    ...action,
    node,
    input: readPattern(input, names, variables),
    ...(output === undefined ? {} : { output: readPattern(output, names, variables) }),
  };
}

function syncName(object: ts.Node): string {
  for (const outer of ancestors(object)) {
    if (ts.isVariableDeclaration(outer) || (isFunction(outer) && outer.name !== undefined)) {
      return outer.name!.getText();
    }
    if (ts.isPropertyAssignment(outer)) return outer.name.getText();
    if (ts.isExportAssignment(outer)) return "default";
  }
  return "default";
}
