import { domainsOf, isWithin, pathsOf } from "./scope.ts";

/** What the cookie shall be. Default: `__Host-session=…; Path=/; Secure; HttpOnly; SameSite=Lax`. */
export interface CookieSettings {
  /** Its name. Default: `session`, with the strongest prefix that the rest allows. */
  name?: string | undefined;
  /** The domain whose subdomains get it, too. Default: the host alone that set it. */
  domain?: string | undefined;
  /** The path below which it is sent. Default: `/`. */
  path?: string | undefined;
  /** Whether requests that other sites cause carry it: never, when a link is followed, always. Default: `Lax`. */
  sameSite?: "Strict" | "Lax" | "None" | undefined;
  /** Sent over TLS alone, or to localhost. `false` is for development over plain HTTP. Default: `true`. */
  secure?: boolean | undefined;
}

/** The longest a browser keeps a cookie (RFC 6265bis): 400 days, in seconds. */
const LONGEST = 400 * 24 * 60 * 60;
/** The most bytes of a name and its value, and of an attribute, that a browser takes (RFC 6265bis). */
const MAX_PAIR = 4096;
const MAX_ATTRIBUTE = 1024;
/** The most bytes of a name, which leaves any token its room. */
const MAX_NAME = 256;
/** The most other cookies that one answer takes away: proxies take heads of 4 KiB. */
const MOST_OTHERS = 16;

const NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
const OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;
const HOST_NAME = /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/;
// Browsers compare the prefixes without regard to case.
const HOST_PREFIX = /^__host-/i;
const SECURE_PREFIX = /^__(host|secure|http)-/i;

/** A session cookie that browsers will take: always `HttpOnly`, with attributes that go together. */
export class SessionCookie {
  /** Its name. */
  readonly name: string;
  readonly #domain: string | undefined;
  readonly #path: string;
  readonly #flags: string;

  /** @throws TypeError when a browser would not take it: names the rule. */
  constructor(settings: CookieSettings = {}) {
    const { domain, path = "/", sameSite = "Lax", secure = true } = settings;
    this.name = settings.name ?? defaultName(secure, domain, path);
    const broken = brokenRule(this.name, { domain, path, sameSite, secure });
    if (broken !== undefined) throw new TypeError(broken);
    this.#domain = domain;
    this.#path = path;
    this.#flags = `${secure ? "; Secure" : ""}; HttpOnly; SameSite=${sameSite}`;
  }

  /**
   * The `Set-Cookie` that gives a token to a browser for so many seconds, at most 400 days. How long it lives decides
   * nothing about the session.
   *
   * @throws TypeError when the token holds what no cookie can, or is too long.
   */
  set(token: string, maxAge: number): string {
    if (!OCTETS.test(token) || this.name.length + token.length > MAX_PAIR) {
      throw new TypeError(`a cookie's value is printable ASCII without blanks and " , ; \\, at most ${MAX_PAIR} bytes with its name`);
    }
    const seconds = Math.max(0, Math.floor(Math.min(maxAge, LONGEST)));
    return this.#line(token, this.#domain, this.#path, seconds);
  }

  /** The `Set-Cookie` that takes it away: all its attributes again, and no life. */
  remove(): string {
    return this.#line("", this.#domain, this.#path, 0);
  }

  /**
   * The `Set-Cookie`s that take away every other cookie of this name that a browser may send to `host`, at most 16: those of
   * the host alone and of each parent domain, and with `path`, the request's own, those of each path above it.
   *
   * An earlier configuration, or another subdomain, may have left one. They go before the one that `set` or `remove` gives: to
   * some clients two of them are the same cookie, and the last one counts.
   */
  removeOthers(host: string | undefined, path: string | undefined): string[] {
    // Browsers take a cookie of this prefix for one host and the path `/` alone.
    if (HOST_PREFIX.test(this.name)) return [];
    const own = this.#domain;
    const domains = [undefined, ...domainsOf(own === undefined || isWithin(host, own) ? host : own)];
    const paths = [this.#path, ...pathsOf(path ?? "").filter((path) => path !== this.#path)];
    const scopes = paths.flatMap((path) => domains.map((domain) => ({ domain, path })));
    const others = scopes.filter(({ domain, path }) => path !== this.#path || domain?.toLowerCase() !== own?.toLowerCase());
    return others.slice(0, MOST_OTHERS).map(({ domain, path }) => this.#line("", domain, path, 0));
  }

  /**
   * All values of this name in the `Cookie` header of a request. If they differ, somebody may have planted one of them.
   *
   * Byte for byte and case-sensitive: only spaces and tabs around a pair are dropped, nothing is decoded.
   */
  find(header: string | null | undefined): string[] {
    const pairs = (header ?? "").split(";").map((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, ""));
    const beginning = `${this.name}=`;
    return pairs.filter((pair) => pair.startsWith(beginning)).map((pair) => pair.slice(beginning.length));
  }

  #line(value: string, domain: string | undefined, path: string, maxAge: number): string {
    const where = domain === undefined ? "" : `; Domain=${domain}`;
    return `${this.name}=${value}${where}; Path=${path}${this.#flags}; Max-Age=${maxAge}`;
  }

  /** True if a `Set-Cookie` is for a cookie of this name. */
  isSetBy(header: string): boolean {
    return header.startsWith(`${this.name}=`);
  }
}

function defaultName(secure: boolean, domain: string | undefined, path: string): string {
  if (!secure) return "session";
  return domain === undefined && path === "/" ? "__Host-session" : "__Secure-session";
}

interface Attributes {
  domain: string | undefined;
  path: string;
  sameSite: string;
  secure: boolean;
}

/** The first rule that browsers follow and that these attributes break. */
function brokenRule(name: string, { domain, path, sameSite, secure }: Attributes): string | undefined {
  if (!NAME.test(name) || name.length > MAX_NAME) {
    return `a cookie's name is letters, digits and !#$%&'*+-.^_\`|~, 1 to ${MAX_NAME} of them`;
  }
  // From the environment it is text, and "false" would count as true.
  if (typeof secure !== "boolean") return "a cookie's secure is true or false, and no text";
  if (SECURE_PREFIX.test(name) && !secure) {
    return "a cookie whose name begins with __Host-, __Secure- or __Http- must be secure";
  }
  if (HOST_PREFIX.test(name) && (domain !== undefined || path !== "/")) {
    return "a cookie whose name begins with __Host- must have the path / and no domain";
  }
  if (!["Strict", "Lax", "None"].includes(sameSite)) return "a cookie's sameSite is Strict, Lax or None";
  if (sameSite === "None" && !secure) return "a cookie with sameSite None must be secure";
  if (!/^\/[\x20-\x3a\x3c-\x7e]*$/.test(path) || path.length > MAX_ATTRIBUTE) {
    return `a cookie's path begins with / and is ASCII without ; and control characters, at most ${MAX_ATTRIBUTE} bytes`;
  }
  if (domain !== undefined && (!HOST_NAME.test(domain) || domain.length > MAX_ATTRIBUTE)) {
    return `a cookie's domain is a host name such as example.org, at most ${MAX_ATTRIBUTE} bytes`;
  }
  return undefined;
}
