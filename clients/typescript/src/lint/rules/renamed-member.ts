import ts from "typescript";
import { FIELD, translation } from "../../concept/names.ts";
import type { Concepts } from "../concepts.ts";
import type { Action } from "../names.ts";
import { type Pattern, readPattern } from "../pattern.ts";
import type { Mistake, Rule, SyncFile } from "../rule.ts";
import { ancestors, bare, descendants, methodOf } from "../syntax.ts";
import { variablesAt } from "../variables.ts";

type Method = keyof typeof FIELD;

/** Names under which projects have the same methods. */
const RENAMED: readonly (readonly [RegExp, Method])[] = [
  [/^(create|start|begin|open|new|make)Session$|^(start|begin|open)$/i, "create"],
  [/^(delete|end|stop|close|remove|destroy|revoke|invalidate)Session$/i, "delete"],
  [/^(end|close|remove|destroy|revoke|invalidate|logout)$/i, "delete"],
  [/^_?(get|find|fetch)(Session)?User(Id)?((By|From|Of|For)Session(Id)?)?$/i, "_getUser"],
];

/** A method or field of the drop-in under another name. */
export const renamedMember: Rule = {
  name: "renamed-member",
  summary: "`Sessioning` is used with a method or a field that the drop-in calls otherwise",
  *check(file) {
    const found = new Map<string, Renamed[]>();
    for (const renamed of renamedIn(file)) {
      const key = `${renamed.written} ${renamed.field}`;
      found.set(key, [...found.get(key) ?? [], renamed]);
    }
    // One subclass cures every place, so one finding names them all.
    for (const [first, ...others] of found.values()) yield mistake(first!, others.length);
  },
};

interface Renamed extends Action {
  node: ts.Node;
  /** The concept as the file writes it. */
  object: string;
  /** What the drop-in calls the method. */
  method: Method;
  /** The field that is given in place of the drop-in's, if it is another. */
  field?: string;
}

function renamedIn(file: SyncFile): Renamed[] {
  return [...descendants(file.source)].flatMap((node) => {
    if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return [];
    const action = file.names.action(node);
    const method = action && methodFor(action, file.concepts);
    if (action === undefined || method === undefined) return [];
    const input = inputOf(node, file);
    const field = input && otherField(input, FIELD[method]);
    if (action.action === method && field === undefined) return [];
    const place = action.action === method ? input!.entries[0]!.node : node;
    const object = node.expression.getText();
    return [{ ...action, node: place, object, method, ...(field === undefined ? {} : { field }) }];
  });
}

/** The drop-in's method that is meant; undefined if the project's own source has the one that is written. */
function methodFor({ concept, action }: Action, concepts: Concepts): Method | undefined {
  if (!/^[A-Z]/.test(concept) || !concepts.isOriginal(concept, action)) return undefined;
  if (Object.hasOwn(FIELD, action)) return action as Method;
  return RENAMED.find(([names]) => names.test(action))?.[1];
}

/** The `{ … }` that goes into a method: in a list of actions, in a query, or in a direct call. */
function inputOf(node: ts.Expression, { names }: SyncFile): Pattern | undefined {
  const { parent } = node;
  const input = ts.isArrayLiteralExpression(parent) && parent.elements[0] === node
    ? parent.elements[1]
    : ts.isCallExpression(parent)
    ? /^query(Async)?$/.test(methodOf(parent) ?? "") ? parent.arguments[1] : parent.arguments[0]
    : undefined;
  return input === undefined || bare(input) === node ? undefined : readPattern(input, names, variablesAt(node));
}

function otherField({ entries, open }: Pattern, wanted: string): string | undefined {
  const [only, second] = entries;
  return open || only === undefined || second !== undefined || only.key === wanted ? undefined : only.key;
}

function mistake({ node, object, written, action, method, field }: Renamed, others: number): Mistake {
  const wanted = FIELD[method];
  const places = others === 0 ? "" : ` It is in ${others} more place${others === 1 ? "" : "s"} of this file.`;
  return {
    node,
    sync: nameAround(node),
    message: action === method
      ? `${written} is given { ${field} } and knows { ${wanted} }.${places}`
      : `The drop-in has no ${written}: it is ${object}.${method}, and takes { ${wanted} }.${places}`,
    why: action === method
      ? `A field of another name is not read: the ${wanted} counts as unknown, for everybody.`
      : "The drop-in has create, delete and _getUser. A call of anything else fails, the first time somebody needs it.",
    cure: `Use the drop-in's name${field === undefined ? "" : "s"}, or translate once. All of SessioningConcept.ts is ` +
      `then:\n${indented(translation(action === method ? `override ${action}` : action, method, field ?? wanted))}`,
  };
}

function indented(code: string): string {
  return code.split("\n").map((line) => `  ${line}`).join("\n");
}

/** The name of the sync or function that has a place in it. */
function nameAround(node: ts.Node): string {
  const named = [...ancestors(node)].findLast((outer) =>
    ts.isVariableDeclaration(outer) || ts.isFunctionDeclaration(outer)
  ) as ts.VariableDeclaration | ts.FunctionDeclaration | undefined;
  return named?.name?.getText() ?? "default";
}
