/**
 * The client of the session service: who is logged in, for Node, Deno and Bun.
 *
 * ```ts
 * const sessions = new SessioningClient();            // SESSIONING_URL, SESSIONING_API_KEY
 * const { token } = await sessions.create("alice");   // after the password was right
 * const user = await sessions.getUser(token);         // "alice", or null
 * await sessions.delete(token);                       // log out
 * ```
 *
 * @module
 */
export { type CallOptions, type CheckOptions, type Demand, type PageOptions, SessioningClient, type Token } from "./client.ts";
export { type ErrorFacts, SessioningError, SessioningRefused, SessioningUnavailable, StepUpRequired } from "./errors.ts";
export { IssuedSession } from "./issued.ts";
export type { ClientOptions } from "./options.ts";
export type { Authenticated, CheckedSession, Code, Metadata, NewSession, Session, SessionPage } from "./session.ts";
