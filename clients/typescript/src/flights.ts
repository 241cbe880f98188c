interface Flight<T> {
  outcome: Promise<T>;
  passengers: number;
  abort(): void;
}

/** Requests under way that later callers who ask the same may share. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** The outcome of the request under way for this key, or of a new one. One caller's abort leaves it to the others. */
  async join(key: string, begin: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#depart(key, begin);
    flight.passengers++;
    if (signal === undefined) return flight.outcome;
    return await new Promise<T>((resolve, reject) => {
      const leave = () => {
        reject(signal.reason);
        // Nobody is waiting any more, and nobody shall board an aborted request.
        if (--flight.passengers === 0) {
          this.#remove(key, flight);
          flight.abort();
        }
      };
      signal.addEventListener("abort", leave, { once: true });
      flight.outcome.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  /** Nobody boards what is under way now: what begins after a write must not share what began before it. */
  close(): void {
    this.#flights.clear();
  }

  #depart(key: string, begin: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const flight = { outcome: begin(controller.signal), passengers: 0, abort: () => controller.abort() };
    this.#flights.set(key, flight);
    const land = () => this.#remove(key, flight);
    flight.outcome.then(land, land);
    return flight;
  }

  #remove(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
