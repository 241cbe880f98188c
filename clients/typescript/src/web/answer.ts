import type { Visit } from "./visit.ts";

/** The headers of an answer, before they are sent. */
export interface AnswerHeaders {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  /** Adds `Set-Cookie`s, and takes away those that `replaces` is true for. */
  setCookies(values: readonly string[], replaces: (other: string) => boolean): void;
}

/**
 * Completes the headers of an answer: what depends on the cookie says so to caches, and is not kept by any. A handler that
 * has set `Cache-Control` itself is believed, unless the answer sets the cookie.
 */
export function complete(headers: AnswerHeaders, visit: Visit): void {
  const vary = headers.get("Vary");
  if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(vary ?? "")) headers.set("Vary", vary ? `${vary}, Cookie` : "Cookie");
  const { setCookies, cookie } = visit;
  if (setCookies.length > 0) headers.setCookies(setCookies, (other) => cookie.isSetBy(other));
  if (setCookies.length > 0 || !headers.get("Cache-Control")) headers.set("Cache-Control", "no-store");
}
