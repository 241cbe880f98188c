import { SessioningUnavailable } from "./errors.ts";
import { Limit } from "./limit.ts";
import type { Settings } from "./options.ts";
import { errorOf, parseObject, readProblem } from "./problem.ts";

/** One call of the service. */
export interface Call {
  method: "GET" | "POST" | "DELETE";
  /** Path and query; never with a token. */
  path: string;
  token?: string | undefined;
  body?: object | undefined;
  /** What is secret in the body. */
  secrets?: readonly string[] | undefined;
  /** The status of the answer that is asked for. */
  expect: 200 | 201 | 204;
  /** True if a second try does no harm after a first one that was carried out, though its answer was lost. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

/** What came: the body of the answer asked for, `{}` if that has none; or the code of the problem that is an answer here. */
export type Answer = { body: Record<string, unknown> } | { problem: string };

const TRIES = 3;
/** Milliseconds before the second try; four times that before the third. */
const FIRST_PAUSE = 100;
const WORTH_ANOTHER_TRY = new Set([502, 503, 504]);

/** Sends calls: within the time, again where that is safe, and never after a redirect. */
export class Transport {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * The answer to a call; `answers` are the problems that count as one.
   *
   * @throws SessioningError where there is none; the caller's own reason where they gave up.
   */
  async send(call: Call, answers: Readonly<Record<string, number>> = {}): Promise<Answer> {
    const limit = new Limit(this.#settings.timeout, call.signal);
    try {
      for (let tries = 1;; tries++) {
        try {
          return await limit.within(this.#try(call, answers, limit.signal));
        } catch (error) {
          const pause = limit.signal.aborted ? undefined : pauseBefore(tries, call, error);
          if (pause === undefined || pause >= limit.left) throw error;
          await limit.pause(pause);
        }
      }
    } finally {
      limit.close();
    }
  }

  async #try(call: Call, answers: Readonly<Record<string, number>>, signal: AbortSignal): Promise<Answer> {
    const { response, text } = await this.#fetch(call, signal);
    if (response.status === call.expect) {
      const body = call.expect === 204 ? {} : parseObject(text);
      if (body !== undefined) return { body };
    }
    const problem = readProblem(response.status, response.headers.get("content-type"), text);
    if (problem !== undefined && answers[problem.code] === response.status) return { problem: problem.code };
    throw errorOf(response, problem, [call.token, this.#settings.apiKey, ...(call.secrets ?? [])]);
  }

  async #fetch(call: Call, signal: AbortSignal): Promise<{ response: Response; text: string }> {
    const { base, fetch } = this.#settings;
    try {
      const response = await fetch(base + call.path, {
        method: call.method,
        headers: this.#headers(call),
        signal,
        // Followed, it would carry the token to whatever host it names.
        redirect: "manual",
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      return { response, text: await response.text() };
    } catch (error) {
      signal.throwIfAborted();
      // The error itself is not kept: another's `fetch` may show in it what was sent.
      throw new SessioningUnavailable(`the session service at ${base} cannot be reached${systemCode(error)}`);
    }
  }

  #headers({ token, body }: Call): Record<string, string> {
    const { apiKey, namespace } = this.#settings;
    return {
      "Accept": "application/json",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(apiKey === undefined ? {} : { "X-Api-Key": apiKey }),
      ...(namespace === undefined ? {} : { "X-Session-Namespace": namespace }),
      ...(token === undefined ? {} : { "X-Session-Token": token }),
    };
  }
}

/** Milliseconds to wait before the next try, `undefined` if there is none. */
function pauseBefore(tries: number, call: Call, error: unknown): number | undefined {
  if (!call.repeatable || tries >= TRIES || !(error instanceof SessioningUnavailable)) return undefined;
  if (error.httpStatus === undefined) return spread(tries);
  if (!WORTH_ANOTHER_TRY.has(error.httpStatus)) return undefined;
  return error.code === undefined ? spread(tries) : Math.max(spread(tries), error.retryAfter * 1000);
}

/** Clients that failed together shall not come back together. */
function spread(tries: number): number {
  return FIRST_PAUSE * 4 ** (tries - 1) * (0.75 + Math.random() / 2);
}

/** ` (ECONNREFUSED)`, where the platform tells; nothing else of its error. */
function systemCode(error: unknown): string {
  const causes = [error, (error as { cause?: unknown } | null)?.cause];
  const codes = causes.map((cause) => (cause as { code?: unknown } | null | undefined)?.code);
  const code = codes.find((code) => typeof code === "string" && /^[A-Za-z_]{1,32}$/.test(code));
  return code === undefined ? "" : ` (${String(code)})`;
}
