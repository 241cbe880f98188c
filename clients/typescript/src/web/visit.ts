import type { SessioningClient } from "../client.ts";
import type { IssuedSession } from "../issued.ts";
import type { Authenticated, NewSession, Session } from "../session.ts";
import type { SessionCookie } from "./cookie.ts";

/**
 * Who is there in one request, and what its answer tells the browser.
 *
 * Nothing is sent to the service at the end of a request: whatever changes a session has been acknowledged before.
 */
export class Visit {
  readonly #client: SessioningClient;
  readonly #cookie: SessionCookie;
  #session: Session | null;
  #token: string | null;
  #setCookie: string | undefined;

  constructor(client: SessioningClient, cookie: SessionCookie, token: string | null, session: Session | null) {
    this.#client = client;
    this.#cookie = cookie;
    this.#token = session === null ? null : token;
    this.#session = session;
  }

  /** The session, `null` if nobody is logged in. */
  get session(): Session | null {
    return this.#session;
  }

  /** The session's token. */
  get token(): string | null {
    return this.#token;
  }

  /** The cookie that the answer has to set, if this request logged in or out, or renewed. */
  get setCookie(): string | undefined {
    return this.#setCookie;
  }

  /** The cookie's rules. */
  get cookie(): SessionCookie {
    return this.#cookie;
  }

  /**
   * Ends the session that the browser came with, and begins one of this user.
   *
   * In this order, because it leaves no session behind that nobody knows of, and makes room where the number is limited.
   */
  async login(user: string, begin: NewSession): Promise<Session> {
    if (this.#token !== null) await this.#client.delete(this.#token);
    this.#forget();
    return this.#keep(await this.#client.create(user, begin));
  }

  /** Ends the session, then takes the cookie away; if the first fails, the cookie stays. */
  async logout(): Promise<void> {
    if (this.#token !== null) await this.#client.delete(this.#token);
    this.#forget();
    this.#setCookie = this.#cookie.remove();
  }

  /** Gives the session a new token; `null` if it has ended meanwhile. */
  async renew(authenticated: Authenticated | undefined): Promise<Session | null> {
    const issued = await this.#client.renew(this.#token, { authenticated });
    if (issued !== null) return this.#keep(issued);
    this.#forget();
    return null;
  }

  #keep({ token, session }: IssuedSession): Session {
    this.#setCookie = this.#cookie.set(token, lifeOf(session));
    this.#token = token;
    this.#session = session;
    return session;
  }

  #forget(): void {
    this.#token = null;
    this.#session = null;
  }
}

/** How many seconds a session lasts at most. Both times are of the service's clock; the one here may differ. */
function lifeOf({ expires_at, last_seen }: Session): number {
  return expires_at === null ? Infinity : (Date.parse(expires_at) - Date.parse(last_seen)) / 1000;
}
