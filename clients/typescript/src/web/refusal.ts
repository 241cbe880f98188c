import type { SessioningUnavailable } from "../errors.ts";

/** An answer given instead of the application's. */
export interface Refusal {
  status: 401 | 403 | 503;
  headers: Readonly<Record<string, string>>;
  body: string;
}

const PLAIN = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };

/** The same refusal in JSON, `{ "error": … }`, for a program that says it takes that; a browser, which names HTML, gets text. */
export function worded(refusal: Refusal, accept: string | null | undefined): Refusal {
  if (!/\bapplication\/([\w.-]+\+)?json\b/i.test(accept ?? "") || /\btext\/html\b/i.test(accept ?? "")) return refusal;
  const headers = { ...refusal.headers, "Content-Type": "application/json" };
  return { ...refusal, headers, body: `${JSON.stringify({ error: refusal.body.trim() })}\n` };
}

/** Nobody is logged in. */
export const NOT_LOGGED_IN: Refusal = {
  status: 401,
  // A 401 has to name a way to log in, and no other registered one fits; browsers ignore a scheme they do not know.
  headers: { ...PLAIN, "WWW-Authenticate": "Cookie" },
  body: "Not logged in\n",
};

/** A page of another origin made the browser send this. */
export const CROSS_ORIGIN: Refusal = {
  status: 403,
  headers: PLAIN,
  body: "Cross-origin request refused: only pages of this origin may do this\n",
};

/** The service could not be asked. The cookie stays: this says nothing about the session. */
export function unavailable({ retryAfter }: SessioningUnavailable): Refusal {
  return { status: 503, headers: { ...PLAIN, "Retry-After": String(retryAfter) }, body: "Service unavailable, try again\n" };
}
