import type { Code } from "./session.ts";

/** What is known of the answer that an error stands for. */
export interface ErrorFacts {
  /** The service's code, if the service itself answered. */
  code?: Code | undefined;
  /** The HTTP status that came, if one came. */
  httpStatus?: number | undefined;
  /** The request, as the service's log names it. */
  requestId?: string | undefined;
  /** When to try again, in seconds, if the answer said so. */
  retryAfter?: number | undefined;
}

/**
 * Why a call gave no answer about sessions. "Not logged in" is an answer, not an error.
 *
 * Neither a token nor an API key is in it, nor is the error of `fetch` that caused it, which might hold one.
 */
export abstract class SessioningError extends Error {
  /** The service's code, such as `scope_missing`; `undefined` if something else answered, or nothing. */
  readonly code: Code | undefined;
  /** The HTTP status that came. It is not called `status`, which Express would pass on to the browser. */
  readonly httpStatus: number | undefined;
  /** The request, as the service's log names it. */
  readonly requestId: string | undefined;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message);
    this.name = new.target.name;
    this.code = facts.code;
    this.httpStatus = facts.httpStatus;
    this.requestId = facts.requestId;
  }
}

/**
 * The service, or its store, could not be asked: no connection, no answer in time, 5xx, 429, or an answer that is not the
 * service's own. It says nothing about any session: nobody has been logged out, and nothing may be allowed.
 *
 * Thrown through a handler of Express or Hono it becomes 503 with `Retry-After`.
 */
export class SessioningUnavailable extends SessioningError {
  /** What to answer one's own client. */
  readonly status = 503;
  /** When to try again, in seconds; 1 if nobody said. */
  readonly retryAfter: number;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts);
    this.retryAfter = facts.retryAfter ?? 1;
  }

  /** The headers of an answer to one's own client. Express's own error handler looks here. */
  get headers(): Record<string, string> {
    return { "Retry-After": String(this.retryAfter), "Cache-Control": "no-store" };
  }

  /** The answer to one's own client. Hono's own error handler asks for it. */
  getResponse(): Response {
    return new Response("Service unavailable, try again\n", { status: this.status, headers: this.headers });
  }
}

/** The service refused the call as it is: a bad API key, a missing scope, a user that is none. `code` says what. */
export class SessioningRefused extends SessioningError {}

/** The session is live, but its user must authenticate anew, or better, for what was asked. */
export class StepUpRequired extends SessioningRefused {}
