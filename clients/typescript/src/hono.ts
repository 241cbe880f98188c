/**
 * Middleware for Hono: `c.get("session")`, and login and logout with the cookie.
 *
 * ```ts
 * app.use(sessioning());
 * app.post("/login", requireSameOrigin, async (c) => {
 *   await login(c, "alice"); // after the password was right
 *   return c.redirect("/");
 * });
 * app.get("/me", requireSession, (c) => c.text(c.get("session")!.user));
 * ```
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import { type AnswerHeaders, complete } from "./web/answer.ts";
import { Gate, type SessioningOptions } from "./web/gate.ts";
import type { Incoming } from "./web/origin.ts";
import { CROSS_ORIGIN, NOT_LOGGED_IN, type Refusal, worded } from "./web/refusal.ts";
import { Visit } from "./web/visit.ts";
import type { Authenticated, NewSession, Session } from "./session.ts";

export type { CookieSettings } from "./web/cookie.ts";
export type { SessioningOptions } from "./web/gate.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** The session, `null` if nobody is logged in. */
    session: Session | null;
  }
}

interface Entered {
  gate: Gate;
  visit: Visit;
}

const entered = new WeakMap<object, Entered>();

/**
 * Middleware that sets the variable `session`. It looks the session up before the handlers run, once, for every request that
 * carries the cookie; mount what needs no session before it.
 *
 * Answers 503 with `Retry-After` itself when the service cannot be asked, and 403 to other methods than GET that a page of
 * another origin sends with the cookie. A service that refuses to be asked, for want of a key, is an error like any other.
 *
 * @throws TypeError for an option that cannot be used.
 */
export function sessioning(options: SessioningOptions = {}): MiddlewareHandler {
  const gate = new Gate(options);
  return async (c, next) => {
    const visit = await gate.enter(incoming(c));
    if (!(visit instanceof Visit)) return refuse(c, visit);
    entered.set(c, { gate, visit });
    c.set("session", visit.session);
    await next();
    // Hono has answered for a handler that threw, too; a renewed token must not get lost then.
    complete(headersOf(c), visit);
    return undefined;
  };
}

/** Lets those pass who are logged in, and answers 401 to others: in JSON where they accept JSON, else in text. */
export const requireSession: MiddlewareHandler = async (c, next) => {
  if (enteredBy(c).visit.session === null) return refuse(c, NOT_LOGGED_IN);
  return await next();
};

/** Lets those pass whom a page of this origin sent, and programs; answers 403 to others. For the form that logs in. */
export const requireSameOrigin: MiddlewareHandler = async (c, next) => {
  if (!enteredBy(c).gate.isOwn(incoming(c))) return refuse(c, CROSS_ORIGIN);
  return await next();
};

/**
 * Logs a user in who has been authenticated: ends the session that the browser came with, begins a new one, and sets the
 * cookie. The variable `session` is the new session.
 *
 * @throws SessioningError if the service cannot be asked or refuses; then no cookie is set.
 */
export async function login(c: Context, user: string, session: NewSession = {}): Promise<Session> {
  const { visit } = enteredBy(c);
  try {
    return await visit.login(user, session);
  } finally {
    c.set("session", visit.session);
  }
}

/**
 * Logs out: ends the session, then takes the cookie away. The variable `session` is `null`.
 *
 * @throws SessioningError if the service cannot be asked; then the session may go on, and the cookie stays.
 */
export async function logout(c: Context): Promise<void> {
  const { visit } = enteredBy(c);
  await visit.logout();
  c.set("session", visit.session);
}

/**
 * Gives the session a new token, and the browser the cookie for it: after a step-up, or when the user's rights change.
 * `null` if the session has ended meanwhile.
 *
 * @throws SessioningError if the service cannot be asked or refuses.
 */
export async function renew(c: Context, authenticated?: Authenticated): Promise<Session | null> {
  const session = await enteredBy(c).visit.renew(authenticated);
  c.set("session", session);
  return session;
}

/** The token of the request's session, for calls of the client such as `list`; `null` if nobody is logged in. */
export function sessionToken(c: Context): string | null {
  return enteredBy(c).visit.token;
}

function incoming(c: Context): Incoming {
  const { host, pathname } = new URL(c.req.url);
  return { method: c.req.method, host: c.req.header("host") ?? host, path: pathname, header: (name) => c.req.header(name) };
}

function refuse(c: Context, refusal: Refusal): Response {
  const { status, headers, body } = worded(refusal, c.req.header("Accept"));
  return new Response(body, { status, headers: { ...headers, Vary: "Cookie, Accept" } });
}

function headersOf(c: Context): AnswerHeaders {
  return {
    get: (name) => c.res.headers.get(name) ?? undefined,
    set: (name, value) => c.header(name, value),
    setCookies(values, replaces) {
      const others = c.res.headers.getSetCookie().filter((other) => !replaces(other));
      c.header("Set-Cookie", undefined);
      for (const cookie of [...others, ...values]) c.header("Set-Cookie", cookie, { append: true });
    },
  };
}

function enteredBy(c: Context): Entered {
  const found = entered.get(c);
  if (found === undefined) throw new Error("this request has not passed the middleware sessioning(); app.use it first");
  return found;
}
