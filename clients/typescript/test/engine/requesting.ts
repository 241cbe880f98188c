import { randomUUID } from "node:crypto";

/** Requests from outside as actions: they happen, and something responds. */
export default class RequestingConcept {
  readonly #pending = new Map<string, PromiseWithResolvers<object>>();
  readonly #timeout: number;

  /** `timeout`: how long a request waits for its response, in milliseconds. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  async request(_input: { path: string }): Promise<{ request: string }> {
    const request = randomUUID();
    this.#pending.set(request, withResolvers());
    return { request };
  }

  async respond({ request, ...response }: { request: string }): Promise<{ request: string }> {
    this.#pending.get(request)?.resolve(response);
    return { request };
  }

  /** The response once there is one. Throws when the time is over. */
  async _awaitResponse({ request }: { request: string }): Promise<{ response: object }[]> {
    const pending = this.#pending.get(request)!;
    const timer = setTimeout(() => pending.reject(new Error("timed out")), this.#timeout);
    try {
      return [{ response: await pending.promise }];
    } finally {
      clearTimeout(timer);
      this.#pending.delete(request);
    }
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: Error) => void;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
