import { SessioningUnavailable } from "./errors.ts";

/** The time that one call may take, and its caller's patience, whichever ends first. */
export class Limit {
  /** Aborts what is under way when either ends. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #ended: Promise<never>;
  readonly #deadline: number;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #caller: AbortSignal | undefined;
  readonly #leave: () => void;

  constructor(timeout: number, caller: AbortSignal | undefined) {
    caller?.throwIfAborted();
    this.signal = this.#controller.signal;
    this.#caller = caller;
    this.#deadline = performance.now() + timeout;
    let end: (reason: unknown) => void = () => {};
    this.#ended = new Promise((_, reject) => end = reject);
    // Nobody may be waiting when it ends.
    this.#ended.catch(() => {});
    const stop = (reason: unknown) => {
      end(reason);
      this.#controller.abort(reason);
    };
    this.#timer = setTimeout(() => stop(new SessioningUnavailable(`no answer within ${timeout} ms`)), timeout);
    this.#leave = () => stop(caller?.reason);
    caller?.addEventListener("abort", this.#leave, { once: true });
  }

  /** Milliseconds left. */
  get left(): number {
    return this.#deadline - performance.now();
  }

  /** The outcome of some work, or the end of the limit, though the work itself should not heed the signal. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#ended]);
  }

  /** Waits so many milliseconds, or until the limit ends. */
  async pause(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await this.within(new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds)));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Has to be called when the call is over. */
  close(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#leave);
  }
}
