import ts from "typescript";
import type { SyncFile } from "./rule.ts";
import type { Sync } from "./sync.ts";
import { isFunction, isWithin, type FunctionNode } from "./syntax.ts";
import { variablesAt } from "./variables.ts";
import { readFunction, type Where } from "./where.ts";

/** A function over frames with its name; `sync` if it is the `where` of one. */
export interface Helper {
  name: string;
  where: Where;
  sync?: Sync;
}

/** Every function over frames in a file: each sync's `where`, and those beside the syncs. */
export function helpersOf(file: SyncFile): Helper[] {
  const own = file.syncs.flatMap((sync) =>
    sync.where?.fn === undefined ? [] : { name: sync.name, where: sync.where, sync }
  );
  const beside = topFunctions(file.source)
    .filter((fn) => !own.some(({ where }) => isWithin(where.fn!, fn)))
    .map((fn) => ({ name: functionName(fn), where: readHelper(fn, file) }));
  return [...own, ...beside];
}

function readHelper(fn: FunctionNode, file: SyncFile): Where {
  const variables = variablesAt(fn);
  for (const { name } of fn.parameters) {
    if (ts.isIdentifier(name)) variables.set(name.text, name.text);
  }
  return readFunction(fn, fn, file.names, variables);
}

function topFunctions(source: ts.SourceFile): FunctionNode[] {
  return source.statements.flatMap((statement): FunctionNode[] => {
    if (ts.isFunctionDeclaration(statement)) return [statement];
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations.flatMap(({ initializer }) =>
      initializer !== undefined && isFunction(initializer) ? [initializer] : []
    );
  });
}

function functionName(fn: FunctionNode): string {
  const named = ts.isVariableDeclaration(fn.parent) ? fn.parent.name : fn.name;
  return named?.getText() ?? "default";
}
