import type { SessioningClient } from "../client.ts";
import type { IssuedSession } from "../issued.ts";
import type { Authenticated, NewSession, Session } from "../session.ts";
import type { SessionCookie } from "./cookie.ts";

/** What a request brought of a session. */
export interface Brought {
  /** The values of its session cookies that differ. */
  tokens: readonly string[];
  /** Where the browser sent it. */
  host: string | undefined;
  path: string;
}

/** The most cookies that differ whose sessions a login or a logout ends. */
const MOST_ENDED = 8;

/**
 * Who is there in one request, and what its answer tells the browser.
 *
 * Nothing is sent to the service at the end of a request: whatever changes a session has been acknowledged before.
 */
export class Visit {
  readonly #client: SessioningClient;
  readonly #cookie: SessionCookie;
  readonly #brought: Brought;
  #session: Session | null = null;
  #token: string | null = null;
  /** What a login or a logout ends. */
  #ending: readonly string[] = [];
  #setCookies: readonly string[] = [];

  constructor(client: SessioningClient, cookie: SessionCookie, brought: Brought) {
    this.#client = client;
    this.#cookie = cookie;
    this.#brought = brought;
  }

  /**
   * Looks up whose request it is. Of two cookies that differ none counts, and the answer takes both away: left there, they
   * would lock the browser out until the older one expires. With `touch` the look-up is a use of the session.
   */
  async begin(touch: boolean): Promise<void> {
    const { tokens } = this.#brought;
    const [token, other] = tokens;
    if (token === undefined) return;
    if (other !== undefined) {
      this.#ending = tokens.slice(0, MOST_ENDED);
      return this.#say(this.#cookie.remove());
    }
    const session = await this.#client.check(token, touch ? {} : { touch });
    if (session !== null) this.#hold(token, session);
  }

  /** The session, `null` if nobody is logged in. */
  get session(): Session | null {
    return this.#session;
  }

  /** The session's token. */
  get token(): string | null {
    return this.#token;
  }

  /** The cookies that the answer has to set: none unless this request logged in or out, renewed, or brought two that differ. */
  get setCookies(): readonly string[] {
    return this.#setCookies;
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
    await this.#endAll();
    return this.#keep(await this.#client.create(user, begin));
  }

  /** Ends the session, then takes the cookie away; if the first fails, the cookie stays. */
  async logout(): Promise<void> {
    await this.#endAll();
    this.#say(this.#cookie.remove());
  }

  /** Gives the session a new token; `null` if it has ended meanwhile. */
  async renew(authenticated: Authenticated | undefined): Promise<Session | null> {
    const issued = await this.#client.renew(this.#token, { authenticated });
    if (issued !== null) return this.#keep(issued);
    this.#forget();
    return null;
  }

  /** Ends whatever sessions the browser came with, those of cookies that differ included. */
  async #endAll(): Promise<void> {
    for (const token of this.#ending) await this.#client.delete(token);
    this.#forget();
  }

  /** Has the answer set this cookie, and take away those of its name in other scopes. */
  #say(cookie: string): void {
    const { tokens, host, path } = this.#brought;
    this.#setCookies = [...this.#cookie.removeOthers(host, tokens.length > 0 ? path : undefined), cookie];
  }

  #keep({ token, session }: IssuedSession): Session {
    this.#say(this.#cookie.set(token, lifeOf(session)));
    this.#hold(token, session);
    return session;
  }

  #hold(token: string, session: Session): void {
    this.#token = token;
    this.#session = session;
    this.#ending = [token];
  }

  #forget(): void {
    this.#token = null;
    this.#session = null;
    this.#ending = [];
  }
}

/** How many seconds a session lasts at most. Both times are of the service's clock; the one here may differ. */
function lifeOf({ expires_at, last_seen }: Session): number {
  return expires_at === null ? Infinity : (Date.parse(expires_at) - Date.parse(last_seen)) / 1000;
}
