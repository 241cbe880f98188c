import ts from "typescript";
import { ancestors, bare, descendants, isWithin, keyOf } from "./syntax.ts";

/** An action or query by its true names: `Sessioning` and `create`. */
export interface Action {
  concept: string;
  action: string;
  /** The same as the file writes it, which differs for a renamed import. */
  written: string;
}

interface Declaration {
  name: string;
  node: ts.VariableDeclaration | ts.FunctionDeclaration;
}

/** What the names in one file stand for: renamed imports, constants, functions. */
export class Names {
  readonly #original = new Map<string, string>();
  readonly #values: Declaration[] = [];

  constructor(source: ts.SourceFile) {
    for (const node of descendants(source)) {
      if (ts.isImportSpecifier(node) || ts.isBindingElement(node)) this.#rename(node);
      if (ts.isImportClause(node) && node.name !== undefined) this.#importDefault(node);
      if (ts.isVariableDeclaration(node)) this.#declare(node);
      if (ts.isFunctionDeclaration(node) && node.name) this.#values.push({ name: node.name.text, node });
    }
  }

  /** The concept and action that an expression such as `Sessioning.create` names. */
  action(expression: ts.Expression): Action | undefined {
    const node = bare(expression);
    const action = memberName(node);
    if (action === undefined) return undefined;
    const concept = this.#concept((node as ts.PropertyAccessExpression).expression);
    return concept === undefined ? undefined : { concept, action, written: node.getText() };
  }

  /** The text of a string literal, or of the constant that holds one. */
  text(expression: ts.Expression): string | undefined {
    const node = bare(this.value(expression));
    return ts.isStringLiteralLike(node) ? node.text : undefined;
  }

  /** What a `const` of this file holds; any other expression as it is. */
  value(expression: ts.Expression): ts.Expression {
    const node = bare(expression);
    if (!ts.isIdentifier(node)) return node;
    const declared = this.#declared(node)?.node;
    const value = declared && ts.isVariableDeclaration(declared) ? declared.initializer : undefined;
    return value === undefined ? node : bare(value);
  }

  /** The `function` of this name, if the file declares one. */
  declaredFunction(name: ts.Identifier): ts.FunctionDeclaration | undefined {
    const declared = this.#declared(name)?.node;
    return declared && ts.isFunctionDeclaration(declared) ? declared : undefined;
  }

  /** The innermost declaration that a name can mean where it stands. */
  #declared(name: ts.Identifier): Declaration | undefined {
    return this.#values.findLast((declared) =>
      declared.name === name.text && isWithin(name, scopeOf(declared.node))
    );
  }

  #concept(object: ts.Expression): string | undefined {
    const node = this.value(object);
    if (ts.isIdentifier(node)) return this.#original.get(node.text) ?? node.text;
    const called = bare(object);
    return memberName(node) ?? (ts.isIdentifier(called) ? called.text : undefined);
  }

  #rename(node: ts.ImportSpecifier | ts.BindingElement): void {
    if (!ts.isIdentifier(node.name) || node.propertyName === undefined) return;
    const original = keyOf(node.propertyName);
    // Variables are renamed the same way; a concept begins with a capital letter.
    if (original !== undefined && /^[A-Z]/.test(original)) {
      this.#original.set(node.name.text, original);
    }
  }

  #importDefault(node: ts.ImportClause): void {
    const module = node.parent.moduleSpecifier;
    if (node.name === undefined || !ts.isStringLiteral(module)) return;
    const concept = /(\w+)Concept\.ts$/.exec(module.text)?.[1];
    if (concept !== undefined) this.#original.set(node.name.text, concept);
  }

  #declare(node: ts.VariableDeclaration): void {
    if (ts.isIdentifier(node.name) && node.initializer !== undefined && isConst(node)) {
      this.#values.push({ name: node.name.text, node });
    }
  }
}

/** The last name in `a.b`, `a["b"]`. */
function memberName(node: ts.Expression): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (!ts.isElementAccessExpression(node)) return undefined;
  const key = bare(node.argumentExpression);
  return ts.isStringLiteralLike(key) ? key.text : undefined;
}

function scopeOf(declared: ts.Node): ts.Node {
  for (const outer of ancestors(declared)) if (ts.isBlock(outer)) return outer;
  return declared.getSourceFile();
}

function isConst(node: ts.VariableDeclaration): boolean {
  return (node.parent.flags & ts.NodeFlags.Const) !== 0;
}
