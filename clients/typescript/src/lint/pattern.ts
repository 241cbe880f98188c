import ts from "typescript";
import type { Names } from "./names.ts";
import { bare, keyOf } from "./syntax.ts";
import type { Variables } from "./variables.ts";

/** One `key: value` of a pattern. */
export interface Entry {
  key: string;
  /** The place to point at. */
  node: ts.Node;
  /** The variable that stands there, by its local name. */
  variable?: string;
  /** The text that stands there. */
  text?: string;
}

/** The `{ … }` after an action or query: what goes in, or what comes out. */
export interface Pattern {
  node: ts.Node;
  entries: Entry[];
  /** Something in it cannot be read (a spread, a call): nothing may be concluded from what is absent. */
  open: boolean;
}

/** Reads a pattern; an expression that is no object literal is `open`. */
export function readPattern(expression: ts.Expression, names: Names, variables: Variables): Pattern {
  const object = names.value(expression);
  if (!ts.isObjectLiteralExpression(object)) return { node: expression, entries: [], open: true };
  const read = object.properties.map((property) => readEntry(property, names, variables));
  const entries = read.filter((entry) => entry !== undefined);
  return { node: object, entries, open: entries.length < read.length };
}

/** The variables that occur in a pattern. */
export function variablesOf(pattern: Pattern | undefined): string[] {
  return pattern?.entries.flatMap(({ variable }) => variable ?? []) ?? [];
}

function readEntry(
  property: ts.ObjectLiteralElementLike,
  names: Names,
  variables: Variables,
): Entry | undefined {
  const key = property.name && keyOf(property.name);
  if (key === undefined) return undefined;
  if (ts.isShorthandPropertyAssignment(property)) {
    return { key, node: property, ...valueOf(property.name, names, variables) };
  }
  if (!ts.isPropertyAssignment(property)) return undefined;
  return { key, node: property, ...valueOf(property.initializer, names, variables) };
}

function valueOf(
  expression: ts.Expression,
  names: Names,
  variables: Variables,
): Pick<Entry, "variable" | "text"> {
  const node = bare(expression);
  if (ts.isIdentifier(node) && variables.has(node.text)) return { variable: node.text };
  const text = names.text(node);
  return text === undefined ? {} : { text };
}
