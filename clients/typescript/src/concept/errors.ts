/**
 * The session service could not be asked, or its answer means nothing: it says nothing about the session. Never a
 * reason to treat somebody as logged out. The message says what to do, and holds no token and no key.
 */
export class SessionServiceError extends Error {
  override name = "SessionServiceError";
  /** When to ask again, in seconds, if the answer said so: a limit, or a store that is away. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: ErrorOptions & { retryAfter?: number | undefined } = {}) {
    const { retryAfter, ...rest } = options;
    super(message, rest);
    this.retryAfter = retryAfter;
  }
}

/**
 * The session is unknown, has expired, or was ended. Thrown in the modes `throw` and `guarded`.
 *
 * The message does not name the session, for it ends up in logs, and what somebody sent may still be a token elsewhere.
 */
export class UnknownSessionError extends Error {
  override name = "UnknownSessionError";

  constructor() {
    super(
      "The session is unknown or has ended, so it has no user. Whoever sent it has to log in. " +
        "A logout needs no user: let its sync call Sessioning.delete without asking _getUser.",
    );
  }
}
