import { SessionServiceError } from "./errors.ts";
import { type Method, type Service, STRANGER } from "./service.ts";
import type { ErrorRow } from "./unknown.ts";

/** Begins a session: `{ session }`, or `{ error }` if it could not be stored. */
export async function beginSession(service: Service, user: unknown): Promise<{ session: string } | ErrorRow> {
  if (!canBeSent(user)) return { error: NO_USER };
  const answer = await service.call("create", { user: plain(user) });
  return hasText(answer, "session") ?? hasText(answer, "error") ?? strange("create");
}

/** Ends a session: `{ error }` if there is none, else nothing. */
export async function endSession(service: Service, session: unknown): Promise<ErrorRow | undefined> {
  if (!canBeSent(session)) return notFound(session);
  const answer = await service.call("delete", { session: plain(session) });
  return isEmpty(answer) ? undefined : hasText(answer, "error") ?? strange("delete");
}

/** The user of a session: `{ user }`, or `{ error }` if there is none, or nothing if the service answers so. */
export async function findUser(service: Service, session: unknown): Promise<{ user: string } | ErrorRow | undefined> {
  if (!canBeSent(session)) return notFound(session);
  const answer = await service.call("_getUser", { session: plain(session) });
  if (!Array.isArray(answer) || answer.length > 1) return strange("_getUser");
  if (answer.length === 0) return undefined;
  return hasText(answer[0], "user") ?? hasText(answer[0], "error") ?? strange("_getUser");
}

/** As the service words it. */
const NO_USER = "Failed to create session: user must be a string of 1 to 256 bytes without control characters";

/** Longer than any session or user, and well within what the service reads. */
const LONGEST = 4096;

/**
 * False for what would reach the service as something else, or not at all: `1e400`, which JSON writes as null, half of a
 * character, and what is too long. It is no session and no user, so the answer is known.
 */
function canBeSent(value: unknown): boolean {
  if (typeof value === "string") return value.length <= LONGEST && !/\p{Surrogate}/u.test(value);
  return typeof value !== "number" || Number.isFinite(value);
}

function notFound(session: unknown): ErrorRow {
  return { error: `Session with id ${String(session)} not found` };
}

/** An ObjectId would go out as text and never come back as what it was. As an object it is refused instead. */
function plain(value: unknown): unknown {
  const { toJSON } = (value ?? {}) as { toJSON?: unknown };
  return typeof toJSON === "function" ? {} : value;
}

/** A fresh object with that one field, if it is text. */
function hasText<Key extends string>(answer: unknown, key: Key): Record<Key, string> | undefined {
  const value = (answer as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === "string" ? { [key]: value } as Record<Key, string> : undefined;
}

function isEmpty(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && Object.keys(answer).length === 0;
}

function strange(method: Method): never {
  throw new SessionServiceError(`Sessioning.${method}: the session service ${STRANGER}.`);
}
