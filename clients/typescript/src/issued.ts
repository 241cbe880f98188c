import { showAs } from "./hide.ts";
import type { Session } from "./session.ts";

/**
 * A session with its new token, for the client that it belongs to.
 *
 * The token shows on reading `.token` alone: not in `console.log`, not as JSON, and not in a copy made with `{ ...issued }`.
 */
export class IssuedSession {
  /** The session, which may be shown. */
  readonly session: Session;
  readonly #token: string;

  constructor(token: string, session: Session) {
    this.#token = token;
    this.session = session;
  }

  /** The token. The service tells it this once, and keeps no copy. */
  get token(): string {
    return this.#token;
  }

  /** What `JSON.stringify` shows: the session, without the token. */
  toJSON(): { session: Session } {
    return { session: this.session };
  }
}

showAs(IssuedSession.prototype, ({ session }) => `IssuedSession { token: hidden, session: ${session.id} }`);
