/** What the middleware reads of a request. */
export interface Incoming {
  method: string;
  /** The host that the browser asked, with its port. */
  host: string | undefined;
  /** The path that it asked for. */
  path: string;
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
}

/** The methods that change nothing, which any page may make a browser send. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** True if a request can change nothing. */
export function isSafe({ method }: Incoming): boolean {
  return SAFE.has(method);
}

/**
 * True if a page of this very origin, or of one of the listed ones, or the user by hand, made the browser send this; or no
 * browser sent it.
 *
 * A browser sends the cookie with whatever a page asks it to send, but it says so: `Origin` comes with every method that is
 * not safe. What sends neither that nor `Sec-Fetch-Site` is a program, which no page can make do anything.
 */
export function isOwn(request: Incoming, listed: readonly string[]): boolean {
  const origin = request.header("origin");
  if (origin !== undefined && listed.includes(origin)) return true;
  const site = request.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" || site === "none";
  return origin === undefined || isOf(origin, request.host);
}

/** Compares an `Origin` with a `Host`, which leaves out the port that its scheme has anyway. */
function isOf(origin: string, host: string | undefined): boolean {
  const match = /^(https?:\/\/)[^/?#@]+$/i.exec(origin);
  if (match === null || host === undefined || !/^[^/?#@\\\s]+$/.test(host)) return false;
  const own = `${match[1]}${host}`;
  return URL.canParse(origin) && URL.canParse(own) && new URL(origin).host === new URL(own).host;
}
