import ts from "typescript";
import { keyOf } from "./syntax.ts";

/** What an action can answer: one list of keys per kind of answer, `[["session"], ["error"]]`. */
export type Outputs = readonly (readonly string[])[];

/** The kinds of answer a declared return type allows; undefined if one of them cannot be told. */
export function readOutputs(type: ts.TypeNode | undefined, depth = 0): Outputs | undefined {
  // A type may name itself; no answer is this deep.
  if (type === undefined || depth > 20) return undefined;
  const read = (inner: ts.TypeNode) => readOutputs(inner, depth + 1);
  if (ts.isParenthesizedTypeNode(type)) return read(type.type);
  if (ts.isUnionTypeNode(type)) return union(type.types.map(read));
  if (ts.isArrayTypeNode(type)) return read(type.elementType);
  if (ts.isTupleTypeNode(type)) return union(type.elements.map((e) => read(elementType(e))));
  if (ts.isTypeLiteralNode(type)) return readMembers(type.members);
  return ts.isTypeReferenceNode(type) ? readReference(type, depth + 1) : undefined;
}

function elementType(element: ts.TypeNode | ts.NamedTupleMember): ts.TypeNode {
  return ts.isNamedTupleMember(element) ? element.type : element;
}

function union(kinds: (Outputs | undefined)[]): Outputs | undefined {
  return kinds.every((kind) => kind !== undefined) ? kinds.flat() : undefined;
}

function readMembers(members: ts.NodeArray<ts.TypeElement>): Outputs | undefined {
  const keys = members.map((m) => ts.isPropertySignature(m) ? keyOf(m.name) : undefined);
  return keys.every((key) => key !== undefined) ? [keys] : undefined;
}

function readReference(type: ts.TypeReferenceNode, depth: number): Outputs | undefined {
  const name = type.typeName.getText();
  const [first, second] = type.typeArguments ?? [];
  if (/^(Promise|Array|ReadonlyArray)$/.test(name)) return readOutputs(first, depth);
  if (name === "Empty") return [[]];
  if (name === "Record") return second?.kind === ts.SyntaxKind.NeverKeyword ? [[]] : undefined;
  for (const statement of type.getSourceFile().statements) {
    if (ts.isTypeAliasDeclaration(statement) && statement.name.text === name) {
      return statement.typeParameters === undefined ? readOutputs(statement.type, depth) : undefined;
    }
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === name) {
      return statement.heritageClauses === undefined ? readMembers(statement.members) : undefined;
    }
  }
  return undefined;
}
