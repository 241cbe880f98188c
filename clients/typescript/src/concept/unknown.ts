import { UnknownSessionError } from "./errors.ts";

/**
 * What `_getUser` answers for an unknown session, and in the last two modes `delete` with `{}`:
 *
 * * `error`: `[{ error: "Session with id <S> not found" }]`, as the original does. One row, so a sync that asks for the
 *   user and never uses it goes on.
 * * `empty`: `[]`. No row, so the sync does not go on.
 * * `throw`: throws `UnknownSessionError`.
 * * `guarded`: the row of `error`, which throws `UnknownSessionError` as soon as anything asks it for a `user`.
 */
export type UnknownSession = "error" | "empty" | "throw" | "guarded";

/** The four modes, in the order in which they are explained. */
export const MODES: readonly UnknownSession[] = ["error", "empty", "throw", "guarded"];

/** The row that says that a session is unknown. */
export interface ErrorRow {
  error: string;
}

/**
 * The rows for an unknown session, from those of the service, which is one row with an error. A service that is set to
 * answer with no row is not talked out of it.
 *
 * Throws `UnknownSessionError` in the mode `throw`.
 */
export function unknownRows(mode: UnknownSession, answered: [] | [ErrorRow]): [] | [ErrorRow] {
  if (mode === "throw") throw new UnknownSessionError();
  if (mode === "empty" || answered.length === 0) return [];
  return mode === "guarded" ? [guardedRow(answered[0])] : answered;
}

/**
 * What `delete` answers for an unknown session. Where such sessions throw, nothing reads `{ error }`, and who logs out twice
 * wants to hear that it is done: `{}`.
 */
export function unknownEnd(mode: UnknownSession, answered: ErrorRow): Record<PropertyKey, never> | ErrorRow {
  return mode === "throw" || mode === "guarded" ? {} : answered;
}

/**
 * A row that throws where it is asked for a user: `row.user`, `const { user } = row`, and `"user" in row`.
 *
 * Engines ask `in` before they read. Answered with false they would not read, and the guard would let everybody through;
 * with true, a sync that only asks `in` would take the row for one with a user. So the question itself throws.
 *
 * There is no own `user`, so whatever copies or prints a row (spread, `Object.entries`, `JSON.stringify`, a log) sees
 * `{ error }` and does not throw: that asks for nothing.
 */
function guardedRow(row: ErrorRow): ErrorRow {
  return new Proxy(row, {
    get: (row, key) => Reflect.get(row, refuseUser(key)),
    has: (row, key) => Reflect.has(row, refuseUser(key)),
  });
}

function refuseUser(key: PropertyKey): PropertyKey {
  if (key === "user") throw new UnknownSessionError();
  return key;
}
