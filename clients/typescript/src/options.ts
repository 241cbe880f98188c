/** How to reach the service; everything has a default. */
export interface ClientOptions {
  /** Where the service is. Default: `SESSIONING_URL` in the environment, else `http://127.0.0.1:7377`. */
  url?: string | undefined;
  /** The API key, `sk_…`. Default: `SESSIONING_API_KEY` in the environment, else none. */
  apiKey?: string | undefined;
  /** The namespace, 1 to 64 of `[A-Za-z0-9_.-]`. Default: the one that the key is bound to, else `default`. */
  namespace?: string | undefined;
  /** How long a call may take, all its tries included, in milliseconds. Default: 5000. */
  timeout?: number | undefined;
  /** What to send requests with. Default: the platform's own `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
}

/** The options of a client, checked, with the defaults in place. */
export interface Settings {
  base: string;
  apiKey: string | undefined;
  namespace: string | undefined;
  timeout: number;
  fetch: typeof globalThis.fetch;
}

const DEFAULT_URL = "http://127.0.0.1:7377";
const DEFAULT_TIMEOUT = 5_000;
/** What timers can hold; they would fire at once beyond it. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** @throws TypeError for an option that cannot be used; it names the option, and no secret. */
export function readOptions(options: ClientOptions): Settings {
  return {
    base: readUrl(options.url ?? environment("SESSIONING_URL") ?? DEFAULT_URL),
    apiKey: readKey(options.apiKey ?? environment("SESSIONING_API_KEY")),
    namespace: readNamespace(options.namespace),
    timeout: readTimeout(options.timeout ?? DEFAULT_TIMEOUT),
    // Called as a method of something else, the platform's fetch refuses in some runtimes.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

/** A variable of the environment; `undefined` if it is empty, or where there is none, or none may be read. */
export function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  try {
    return process?.env?.[name] || undefined;
  } catch {
    return undefined;
  }
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) &&
    url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  // The text itself is not repeated: a password may be in it.
  if (!isPlain) throw new TypeError("the service's URL must be http:// or https://, with no password and no query");
  return url.href.replace(/\/+$/, "");
}

function readKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(key)) throw new TypeError("the API key holds what no header can; is a line break in it?");
  return key;
}

function readNamespace(namespace: string | undefined): string | undefined {
  if (namespace !== undefined && !/^[A-Za-z0-9_.-]{1,64}$/.test(namespace)) {
    throw new TypeError("a namespace is 1 to 64 of letters, digits, _ . and -");
  }
  return namespace;
}

function readTimeout(timeout: number): number {
  if (!(timeout > 0 && timeout <= LONGEST_TIMEOUT)) {
    throw new TypeError(`timeout is in milliseconds, more than 0 and at most ${LONGEST_TIMEOUT}`);
  }
  return timeout;
}
