import { SessioningUnavailable } from "./errors.ts";
import { IssuedSession } from "./issued.ts";
import { isObject } from "./problem.ts";
import type { CheckedSession, Session, SessionPage } from "./session.ts";

type Body = Record<string, unknown>;

/** The session of an answer. Half an answer must not become a session without a user. */
export function readSession(value: unknown): Session {
  if (!isObject(value) || !isText(value["id"]) || !isText(value["user"])) throw unreadable();
  return value as unknown as Session;
}

/** A session with its new token. */
export function readIssued(body: Body): IssuedSession {
  const { token, session } = body;
  if (!isText(token)) throw unreadable();
  return new IssuedSession(token, readSession(session));
}

/** A page of sessions. */
export function readPage({ items, next_cursor }: Body): SessionPage {
  if (!Array.isArray(items) || !(next_cursor === null || isText(next_cursor))) throw unreadable();
  return { items: items.map(readSession), next_cursor };
}

/** One verdict for each of so many tokens. */
export function readVerdicts({ results }: Body, count: number): CheckedSession[] {
  if (!Array.isArray(results) || results.length !== count) throw unreadable();
  return results.map(readVerdict);
}

/** How many sessions ended. */
export function readRevoked({ revoked }: Body): number {
  if (typeof revoked !== "number") throw unreadable();
  return revoked;
}

function readVerdict(result: unknown): CheckedSession {
  const verdict = isObject(result) ? result["verdict"] : undefined;
  if (verdict === "live") return { verdict, session: readSession((result as Body)["session"]) };
  if (verdict === "session_invalid" || verdict === "step_up_required") return { verdict, session: null };
  throw unreadable();
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function unreadable(): SessioningUnavailable {
  return new SessioningUnavailable("what answered is not the session service, or not a version that this client knows");
}
