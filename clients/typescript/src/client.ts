import { Flights } from "./flights.ts";
import type { IssuedSession } from "./issued.ts";
import { type ClientOptions, readOptions } from "./options.ts";
import { readIssued, readPage, readRevoked, readSession, readVerdicts } from "./read.ts";
import type { Authenticated, CheckedSession, NewSession, Session, SessionPage } from "./session.ts";
import { sendable } from "./token.ts";
import { type Answer, type Call, Transport } from "./transport.ts";

/** What every call takes. */
export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. What the service had begun may be carried out all the same. */
  signal?: AbortSignal | undefined;
}

/** What a check asks of the authentication besides. */
export interface Demand {
  /** How long ago the user may have authenticated at most, such as `5m`. */
  maxAge?: string | undefined;
  /** The level that their authentication must have reached, 0 to 255. */
  minLevel?: number | undefined;
}

/** How a check asks. */
export interface CheckOptions extends Demand, CallOptions {
  /**
   * False: the check is no use of the session, which ends as if nobody had asked. For what asks by itself, such as a page that
   * polls. Default: true.
   */
  touch?: boolean | undefined;
}

/** Which part of a list. */
export interface PageOptions {
  /** The most sessions of one page, 1 to 1,000; the service's default is 100. */
  limit?: number | undefined;
  /** The page before's `next_cursor`. Default: the first page. */
  cursor?: string | undefined;
}

/** A session token as a request brought it; what is none is "not logged in". */
export type Token = string | null | undefined;

/** The one problem that means "not logged in", and the status that it has. */
const NOT_LOGGED_IN = { session_invalid: 401 };
const UNKNOWN_ID = { not_found: 404 };
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The most tokens that the service checks at once. */
const BATCH = 1_000;

/**
 * A client of one session service.
 *
 * `null` is "not logged in", and means nothing else. Every method throws `SessioningUnavailable` when the service could not
 * be asked, which says nothing about any session, and `SessioningRefused` when it refuses the call as it is.
 *
 * `check`, `list`, `checkMany` and `delete` are tried up to three times within the timeout. All others are sent once: after a
 * lost answer a second `create` would leave a session that nobody holds.
 */
export class SessioningClient {
  readonly #transport: Transport;
  readonly #checks: Flights<Session | null> = new Flights();

  /**
   * A client; nothing is sent yet.
   *
   * @throws TypeError for an option that cannot be used.
   */
  constructor(options: ClientOptions = {}) {
    this.#transport = new Transport(readOptions(options));
  }

  /** Begins a session for a user who has been authenticated: 1 to 256 bytes without control characters. */
  async create(user: string, session: NewSession = {}, options: CallOptions = {}): Promise<IssuedSession> {
    const body = { ...session, user };
    const call: Call = { method: "POST", path: "/v1/sessions", body, expect: 201, repeatable: false, ...options };
    return readIssued(bodyOf(await this.#transport.send(call)));
  }

  /**
   * The session that a token opens, or `null`. Checks of one token at one time share one request.
   *
   * @throws StepUpRequired if the session is live, but does not meet the demand.
   */
  async check(token: Token, options: CheckOptions = {}): Promise<Session | null> {
    const sent = sendable(token);
    if (sent === undefined) return null;
    const path = `/v1/session${queryOf({ max_age: options.maxAge, min_level: options.minLevel, touch: options.touch })}`;
    const session = await this.#checks.join(`${sent} ${path}`, (signal) => this.#check(sent, path, signal), options.signal);
    // Each caller gets one of their own: what one writes into it is no other's business.
    return structuredClone(session);
  }

  /** The user whose session a token opens, or `null`. */
  async getUser(token: Token, options: CheckOptions = {}): Promise<string | null> {
    return (await this.check(token, options))?.user ?? null;
  }

  /** Logs out: ends the session that a token opens, if there is one. No check that begins later sees it. */
  async delete(token: Token, options: CallOptions = {}): Promise<void> {
    const sent = sendable(token);
    if (sent === undefined) return;
    await this.#write({ method: "DELETE", path: "/v1/session", token: sent, expect: 204, repeatable: true, ...options });
  }

  /** A page of the sessions of the token's user, in the order in which they began ("your devices"); or `null`. */
  async list(token: Token, options: PageOptions & CallOptions = {}): Promise<SessionPage | null> {
    const { limit, cursor, signal } = options;
    const call = { method: "GET", path: `/v1/my/sessions${queryOf({ limit, cursor })}`, expect: 200, repeatable: true } as const;
    return this.#asHolder(token, { ...call, signal }, readPage);
  }

  /** Ends one session of the token's user: true, or false if they have none of this id. `null`: not logged in. */
  async revoke(token: Token, id: string, options: CallOptions = {}): Promise<boolean | null> {
    const sent = sendable(token);
    if (sent === undefined) return null;
    // No other text is an id, and "" or ".." would make another call of it.
    if (!ID.test(id)) return (await this.check(sent, options)) === null ? null : false;
    const call = { method: "DELETE", path: `/v1/my/sessions/${id}`, token: sent, expect: 204, repeatable: false } as const;
    const answer = await this.#write({ ...call, ...options }, { ...NOT_LOGGED_IN, ...UNKNOWN_ID });
    return "body" in answer ? true : answer.problem === "not_found" ? false : null;
  }

  /** Ends all sessions of the token's user but this one: how many. `null`: not logged in. */
  async revokeOthers(token: Token, options: CallOptions = {}): Promise<number | null> {
    const call = { method: "DELETE", path: "/v1/my/sessions", expect: 200, repeatable: false } as const;
    return this.#asHolder(token, { ...call, ...options }, readRevoked);
  }

  /**
   * A new token for the session that a token opens, or `null`; the old token is dead in the same write. With `authenticated`
   * it takes down a new authentication of the same user, too.
   *
   * After an error either of the two may be the living one.
   */
  async renew(
    token: Token,
    options: { authenticated?: Authenticated | undefined } & CallOptions = {},
  ): Promise<IssuedSession | null> {
    const { authenticated, signal } = options;
    const body = authenticated === undefined ? {} : { authenticated };
    const call = { method: "POST", path: "/v1/session/renew", body, expect: 200, repeatable: false } as const;
    return this.#asHolder(token, { ...call, signal }, readIssued);
  }

  /** A verdict for each of these tokens, in their order. Any number: they are sent 1,000 at a time, one after the other. */
  async checkMany(tokens: readonly string[], options: CheckOptions = {}): Promise<CheckedSession[]> {
    const results: CheckedSession[] = [];
    for (let start = 0; start < tokens.length; start += BATCH) {
      results.push(...await this.#checkBatch(tokens.slice(start, start + BATCH), options));
    }
    return results;
  }

  /** A page of a user's sessions, for an operator; needs a key with the scope `admin`. */
  async listUser(user: string, options: PageOptions & CallOptions = {}): Promise<SessionPage> {
    const { limit, cursor, signal } = options;
    const path = pathOf(user, { limit, cursor });
    return readPage(bodyOf(await this.#transport.send({ method: "GET", path, expect: 200, repeatable: true, signal })));
  }

  /** Ends all sessions of a user, but the one of the id `except`: how many. Needs a key with the scope `admin`. */
  async revokeUser(user: string, options: { except?: string | undefined } & CallOptions = {}): Promise<number> {
    const { except, signal } = options;
    const path = pathOf(user, { except });
    return readRevoked(bodyOf(await this.#write({ method: "DELETE", path, expect: 200, repeatable: false, signal })));
  }

  async #check(token: string, path: string, signal: AbortSignal): Promise<Session | null> {
    const call: Call = { method: "GET", path, token, expect: 200, repeatable: true, signal };
    const answer = await this.#transport.send(call, NOT_LOGGED_IN);
    return "body" in answer ? readSession(answer.body["session"]) : null;
  }

  async #checkBatch(tokens: readonly string[], { maxAge, minLevel, touch, signal }: CheckOptions): Promise<CheckedSession[]> {
    const body = { tokens, max_age: maxAge, min_level: minLevel, touch };
    const call = { method: "POST", path: "/v1/sessions/check", body, expect: 200, repeatable: true } as const;
    return readVerdicts(bodyOf(await this.#transport.send({ ...call, secrets: tokens, signal })), tokens.length);
  }

  /** What a token's holder asks for, or `null` if they are not logged in. */
  async #asHolder<T>(token: Token, call: Omit<Call, "token">, read: (body: Record<string, unknown>) => T): Promise<T | null> {
    const sent = sendable(token);
    if (sent === undefined) return null;
    const send = call.method === "GET" ? this.#transport.send.bind(this.#transport) : this.#write.bind(this);
    const answer = await send({ ...call, token: sent }, NOT_LOGGED_IN);
    return "body" in answer ? read(answer.body) : null;
  }

  /** Sends what ends tokens. A check that begins now, or once it is acknowledged, must not share an earlier answer. */
  async #write(call: Call, answers: Readonly<Record<string, number>> = {}): Promise<Answer> {
    this.#checks.close();
    try {
      return await this.#transport.send(call, answers);
    } finally {
      this.#checks.close();
    }
  }
}

function bodyOf(answer: Answer): Record<string, unknown> {
  return "body" in answer ? answer.body : {};
}

type Parameters = Record<string, string | number | boolean | undefined>;

function queryOf(parameters: Parameters): string {
  const given = Object.entries(parameters).filter((pair): pair is [string, string | number | boolean] => pair[1] !== undefined);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return query === "" ? "" : `?${query}`;
}

/**
 * Where a user's sessions are. No URL can hold `.` and `..` as a part of its path, and some proxies take a slash in a name for
 * one of the path.
 *
 * @throws TypeError for no user, and for half a character.
 */
function pathOf(user: string, parameters: Parameters): string {
  if (user === "" || !isWellFormed(user)) throw new TypeError("no URL can name this user");
  return /^\.\.?$|[/\\]/.test(user)
    ? `/v1/users/sessions${queryOf({ user, ...parameters })}`
    : `/v1/users/${encodeURIComponent(user)}/sessions${queryOf(parameters)}`;
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}
