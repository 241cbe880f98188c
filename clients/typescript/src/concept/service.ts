import { SessionServiceError } from "./errors.ts";
import type { Settings } from "./settings.ts";

/** The three calls, by the names under which the service knows them. */
export type Method = "create" | "delete" | "_getUser";

/** The session service, as one concept object reaches it. Address and key are private, so that nothing prints them. */
export class Service {
  readonly #settings: Settings;
  readonly #namespace: string;

  constructor(settings: Settings, namespace: string) {
    this.#settings = settings;
    this.#namespace = namespace;
  }

  /**
   * The service's answer to a call, as JSON.
   *
   * Throws `SessionServiceError` unless there is one within the timeout.
   */
  async call(method: Method, input: Record<string, unknown>): Promise<unknown> {
    const { timeout } = this.#settings;
    const aborting = new AbortController();
    // Cleared at the end, which AbortSignal.timeout is not: a timer left behind fails tests under Deno.
    const timer = setTimeout(() => aborting.abort(), timeout);
    try {
      const response = await this.#post(method, input, aborting.signal);
      const text = await response.text();
      const retryAfter = secondsOf(response.headers.get("Retry-After"));
      return answerIn(response.status, text, (why) => this.#failure(method, why, { retryAfter }));
    } catch (error) {
      if (error instanceof SessionServiceError) throw error;
      const why = aborting.signal.aborted
        ? `gave no answer within ${timeout} ms. Look at its terminal, or whether SESSIONING_URL leads to it`
        : "cannot be reached. Start it, or set SESSIONING_URL to where it listens";
      throw this.#failure(method, why, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** A question is asked once more where the connection broke, as it does when the service was restarted. */
  async #post(method: Method, input: Record<string, unknown>, signal: AbortSignal): Promise<Response> {
    const { url, apiKey } = this.#settings;
    const post = () =>
      fetch(`${url}/api/Sessioning/${method}`, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-Session-Namespace": this.#namespace,
          ...(apiKey === undefined ? {} : { "X-Api-Key": apiKey }),
        },
        body: JSON.stringify(input),
        // Followed, a redirect would carry token and key to wherever it points.
        redirect: "manual",
        signal,
      });
    return await (method === "_getUser" ? post().catch(post) : post());
  }

  #failure(method: Method, why: string, more: { cause?: unknown; retryAfter?: number | undefined }): SessionServiceError {
    return new SessionServiceError(`Sessioning.${method}: the session service at ${this.#settings.url} ${why}.`, more);
  }
}

function answerIn(status: number, text: string, failure: (why: string) => SessionServiceError): unknown {
  if (status !== 200) throw failure(REFUSALS[status] ?? `answered ${status}. Look at its terminal`);
  try {
    return JSON.parse(text);
  } catch {
    throw failure(STRANGER);
  }
}

/** `Retry-After` in seconds; a date in it is not read, the service sends none. */
function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

/** Why an answer of 200 is not one of the service's. */
export const STRANGER = "answered what no session service does. Set SESSIONING_URL to where it listens, without a path";

const STORE = "cannot reach its store, or has too much to do. Its terminal says why";
const ELSEWHERE = "has no Sessioning there. Set SESSIONING_URL to where it listens, without a path";

/** Fixed texts, and never the body of the answer: whoever answers may be somebody else, and repeat what was sent. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: "does not understand the request (400). Its terminal says why",
  401: "wants another key (401). Set SESSIONING_API_KEY to one that it knows, with the scopes create and check",
  403: "may not be called like this (403): the key lacks a scope or is bound to another namespace, or without keys the " +
    "host is none that it accepts. Its terminal says which",
  404: ELSEWHERE,
  405: ELSEWHERE,
  429: "takes no more requests from here for now (429). Set SESSIONING_API_KEY: with a key that it knows there is no such limit",
  500: STORE,
  503: STORE,
};
