import ts from "typescript";
import { ancestors, bare, descendants, isFunction, isWithin, methodOf, receiverOf } from "./syntax.ts";
import { inflows } from "./inflows.ts";
import type { Query, Where } from "./where.ts";

/** Methods whose callback decides which elements are kept, and adds nothing to them. */
const CHOOSING = new Set(["filter", "find", "findIndex", "some", "every", "sort", "forEach"]);

/** Keys of a row under which stands a value and no row. */
const VALUES = new Set(["user", "error", "length"]);

/** True if rows of a query may be in an expression; true as well if the text does not tell. */
export function mayHold(expression: ts.Expression, query: Query, where: Where): boolean {
  return new Flow(query, where).reaches(expression);
}

/** True if a place can run after a query: it stands below it, and not in the other branch of an `if`. */
export function mayFollow(place: ts.Node, query: Query, where: Where): boolean {
  if (isWithin(place, query.call) || areBranches(place, query.call)) return false;
  if (place.pos >= query.call.end || isWithin(query.call, place)) return true;
  for (const outer of ancestors(place)) {
    if (outer === where.fn) return false;
    if (ts.isIterationStatement(outer, false) && isWithin(query.call, outer)) return true;
    // A function with a name is called who knows when; a callback, where it stands.
    if (isFunction(outer) && (!ts.isCallExpression(outer.parent) || isWithin(query.call, outer))) return true;
  }
  return false;
}

/** Follows the rows of one query through a function. */
class Flow {
  readonly #query: Query;
  readonly #where: Where;
  /** What was looked at; a loop can feed a variable from itself. */
  readonly #seen = new Set<ts.Node>();

  constructor(query: Query, where: Where) {
    this.#query = query;
    this.#where = where;
  }

  reaches(node: ts.Node): boolean {
    if (isWithin(this.#query.call, node)) return true;
    if (this.#seen.has(node)) return false;
    this.#seen.add(node);
    const inner = ts.isExpression(node) ? bare(node) : node;
    if (ts.isIdentifier(inner)) return this.#reachesName(inner);
    if (ts.isCallExpression(inner)) return this.#reachesCall(inner);
    if (ts.isPropertyAccessExpression(inner)) {
      return !VALUES.has(inner.name.text) && this.reaches(inner.expression);
    }
    if (ts.isElementAccessExpression(inner)) return !this.#isValue(inner) && this.reaches(inner.expression);
    return this.#childrenOf(inner).some((child) => this.reaches(child));
  }

  #reachesName(name: ts.Identifier): boolean {
    const from = inflows(name, this.#where);
    return from === "unknown" || from.some((source) => this.reaches(source));
  }

  #reachesCall(call: ts.CallExpression): boolean {
    const other = this.#where.queries.find((query) => query.call === call);
    // Rows of another concept have nothing of this one; frames keep what they have.
    if (other !== undefined) return other.frames !== undefined && this.reaches(other.frames);
    if (this.reaches(receiverOf(call) ?? call.expression)) return true;
    const chooses = CHOOSING.has(methodOf(call) ?? "");
    return call.arguments.some((argument) => !(chooses && isFunction(argument)) && this.reaches(argument));
  }

  /** `frame[user]` is a value out of a frame, unless the function itself puts something there. */
  #isValue({ argumentExpression }: ts.ElementAccessExpression): boolean {
    const key = bare(argumentExpression);
    if (ts.isStringLiteralLike(key)) return VALUES.has(key.text);
    if (!ts.isIdentifier(key) || !this.#where.variables.has(key.text)) return false;
    return ![...descendants(this.#where.node)].some((node) => putsUnder(node, key.text));
  }

  #childrenOf(node: ts.Node): ts.Node[] {
    if (ts.isPropertyAssignment(node)) return [node.initializer];
    if (ts.isShorthandPropertyAssignment(node)) return [node.name];
    const children: ts.Node[] = [];
    ts.forEachChild(node, (child) => void children.push(child));
    return children.filter((child) => !ts.isTypeNode(child));
  }
}

/** `{ [user]: … }`, `frame[user] = …` */
function putsUnder(node: ts.Node, variable: string): boolean {
  if (ts.isPropertyAssignment(node)) {
    return ts.isComputedPropertyName(node.name) && node.name.expression.getText() === variable;
  }
  return ts.isBinaryExpression(node) && ts.isElementAccessExpression(node.left) &&
    node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    node.left.argumentExpression.getText() === variable;
}

/** True if only one of two places runs: one in the `if`, one in the `else`. */
function areBranches(one: ts.Node, other: ts.Node): boolean {
  return [...ancestors(one)].some((outer) => {
    const [yes, no] = ts.isIfStatement(outer)
      ? [outer.thenStatement, outer.elseStatement]
      : ts.isConditionalExpression(outer)
      ? [outer.whenTrue, outer.whenFalse]
      : [];
    if (yes === undefined || no === undefined) return false;
    return (isWithin(one, yes) && isWithin(other, no)) || (isWithin(one, no) && isWithin(other, yes));
  });
}
