/**
 * Middleware for Express 5: `req.session`, and login and logout with the cookie.
 *
 * ```ts
 * app.use(sessioning());
 * app.post("/login", requireSameOrigin, async (req, res) => {
 *   await login(req, "alice"); // after the password was right
 *   res.redirect("/");
 * });
 * app.get("/me", requireSession, (req, res) => res.type("text").send(req.session!.user));
 * ```
 *
 * @module
 */
import type { Request, RequestHandler, Response } from "express";
import { complete } from "./web/answer.ts";
import { Gate, type SessioningOptions } from "./web/gate.ts";
import type { Incoming } from "./web/origin.ts";
import { CROSS_ORIGIN, NOT_LOGGED_IN, type Refusal, worded } from "./web/refusal.ts";
import { Visit } from "./web/visit.ts";
import { beforeHead } from "./web/head.ts";
import type { Authenticated, NewSession, Session } from "./session.ts";

export type { CookieSettings } from "./web/cookie.ts";
export type { SessioningOptions } from "./web/gate.ts";

declare global {
  namespace Express {
    interface Request {
      /** The session, `null` if nobody is logged in. */
      session: Session | null;
    }
  }
}

interface Entered {
  gate: Gate;
  visit: Visit;
}

const entered = new WeakMap<object, Entered>();

/**
 * Middleware that sets `req.session`. It looks the session up before the handlers run, once, for every request that carries
 * the cookie; mount what needs no session before it.
 *
 * Answers 503 with `Retry-After` itself when the service cannot be asked, and 403 to other methods than GET that a page of
 * another origin sends with the cookie. A service that refuses to be asked, for want of a key, is an error like any other.
 *
 * @throws TypeError for an option that cannot be used.
 */
export function sessioning(options: SessioningOptions = {}): RequestHandler {
  const gate = new Gate(options);
  return async (req, res, next) => {
    try {
      const visit = await gate.enter(incoming(req));
      if (!(visit instanceof Visit)) return refuse(res, visit);
      entered.set(req, { gate, visit });
      req.session = visit.session;
      // Set early for those who look whether it is set, as Express does when it sends a file.
      res.setHeader("Cache-Control", "no-store");
      beforeHead(res, (headers) => complete(headers, visit));
      next();
    } catch (error) {
      next(error);
    }
  };
}

/** Lets those pass who are logged in, and answers 401 to others: in JSON where they accept JSON, else in text. */
export const requireSession: RequestHandler = (req, res, next) =>
  enteredBy(req).visit.session === null ? refuse(res, NOT_LOGGED_IN) : next();

/** Lets those pass whom a page of this origin sent, and programs; answers 403 to others. For the form that logs in. */
export const requireSameOrigin: RequestHandler = (req, res, next) =>
  enteredBy(req).gate.isOwn(incoming(req)) ? next() : refuse(res, CROSS_ORIGIN);

/**
 * Logs a user in who has been authenticated: ends the session that the browser came with, begins a new one, and sets the
 * cookie. `req.session` is the new session.
 *
 * @throws SessioningError if the service cannot be asked or refuses; then no cookie is set. Error if the answer has begun.
 */
export async function login(req: Request, user: string, session: NewSession = {}): Promise<Session> {
  const { visit } = enteredBy(req);
  checkUnsent(req);
  try {
    return await visit.login(user, session);
  } finally {
    req.session = visit.session;
  }
}

/**
 * Logs out: ends the session, then takes the cookie away. `req.session` is `null`.
 *
 * @throws SessioningError if the service cannot be asked; then the session may go on, and the cookie stays.
 */
export async function logout(req: Request): Promise<void> {
  const { visit } = enteredBy(req);
  checkUnsent(req);
  await visit.logout();
  req.session = visit.session;
}

/**
 * Gives the session a new token, and the browser the cookie for it: after a step-up, or when the user's rights change.
 * `null` if the session has ended meanwhile.
 *
 * @throws SessioningError if the service cannot be asked or refuses.
 */
export async function renew(req: Request, authenticated?: Authenticated): Promise<Session | null> {
  const { visit } = enteredBy(req);
  checkUnsent(req);
  const session = await visit.renew(authenticated);
  req.session = session;
  return session;
}

/** The token of the request's session, for calls of the client such as `list`; `null` if nobody is logged in. */
export function sessionToken(req: Request): string | null {
  return enteredBy(req).visit.token;
}

function incoming(req: Request): Incoming {
  const header = (name: string) => req.headers[name]?.toString();
  return { method: req.method, host: req.headers.host, path: req.originalUrl.replace(/[?#].*$/s, ""), header };
}

function refuse(res: Response, refusal: Refusal): void {
  const { status, headers, body } = worded(refusal, res.req.headers.accept);
  res.vary("Cookie").vary("Accept").status(status).set(headers).send(body);
}

function enteredBy(req: Request): Entered {
  const found = entered.get(req);
  if (found === undefined) throw new Error("this request has not passed the middleware sessioning(); app.use it first");
  return found;
}

/** A cookie that can no longer be sent would leave a session that nobody holds, or a browser that holds none. */
function checkUnsent(req: Request): void {
  if (req.res?.headersSent) throw new Error("the answer has begun; log in, log out and renew before sending anything");
}
