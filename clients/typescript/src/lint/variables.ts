import ts from "typescript";
import { ancestors, bare, isFunction, keyOf } from "./syntax.ts";

/**
 * The logic variables that a sync can use: local name → name of the symbol, as the engine prints it.
 * `({ session: token }) => …` makes the variable `token`, which prints as `Symbol(session)`.
 */
export type Variables = Map<string, string>;

/** The variables in force at a place: parameters, destructured bags and `Symbol(…)` constants. */
export function variablesAt(place: ts.Node): Variables {
  const variables: Variables = new Map();
  for (const scope of [...ancestors(place)].reverse()) {
    if (isFunction(scope)) scope.parameters.forEach((p) => addPattern(p.name, variables));
    if (ts.isBlock(scope) || ts.isSourceFile(scope)) addDeclared(scope.statements, variables);
  }
  return variables;
}

function addDeclared(statements: readonly ts.Statement[], variables: Variables): void {
  for (const statement of statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer === undefined) continue;
      if (ts.isObjectBindingPattern(name)) addPattern(name, variables);
      const symbol = symbolName(bare(initializer));
      if (ts.isIdentifier(name) && symbol !== undefined) variables.set(name.text, symbol);
    }
  }
}

function addPattern(name: ts.BindingName, variables: Variables): void {
  if (!ts.isObjectBindingPattern(name)) return;
  for (const element of name.elements) {
    if (!ts.isIdentifier(element.name) || element.dotDotDotToken !== undefined) continue;
    variables.set(element.name.text, keyOf(element.propertyName ?? element.name) ?? element.name.text);
  }
}

function symbolName(node: ts.Expression): string | undefined {
  if (!ts.isCallExpression(node) || node.expression.getText() !== "Symbol") return undefined;
  const [description] = node.arguments;
  return description !== undefined && ts.isStringLiteralLike(description) ? description.text : "";
}
