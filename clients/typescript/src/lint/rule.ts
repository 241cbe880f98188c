import type ts from "typescript";
import type { Concepts } from "./concepts.ts";
import type { Names } from "./names.ts";
import type { Query, Where } from "./where.ts";
import type { Sync } from "./sync.ts";

/** A sync file as the rules see it. */
export interface SyncFile {
  source: ts.SourceFile;
  names: Names;
  concepts: Concepts;
  syncs: Sync[];
}

/** A fault that a rule found, before it is given its place in the text. */
export interface Mistake {
  node: ts.Node;
  sync: string;
  message: string;
  why: string;
  cure: string;
}

/** One thing that the lint looks for. */
export interface Rule {
  name: string;
  /** One line for the help text. */
  summary: string;
  check(file: SyncFile): Iterable<Mistake>;
}

/** The queries of a `where` that answer an unknown session with `[{ error }]`. */
export function sessionQueries(where: Where | undefined, concepts: Concepts): Query[] {
  return where?.queries.filter(({ concept, action }) =>
    concepts.answersErrorRow(concept, action)
  ) ?? [];
}
