/** How long something may take to be printed, in milliseconds: a test that waits on would never fail. */
const PATIENCE = 20_000;

/** What a program has printed, and a way to wait for more. */
export class Printed {
  #text = "";
  #isOver = false;
  readonly #more = new EventTarget();

  /** Everything so far. */
  get text(): string {
    return this.#text;
  }

  /** True once nothing more can come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  add(text: string): void {
    this.#text += text;
    this.#more.dispatchEvent(new Event("more"));
  }

  end(): void {
    this.#isOver = true;
    this.add("");
  }

  /** Waits until this has been printed, at most 20 seconds: its first group, or else all of it. */
  async until(pattern: RegExp): Promise<string> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.add("");
    }, PATIENCE);
    try {
      for (;;) {
        const found = pattern.exec(this.#text);
        if (found !== null) return found[1] ?? found[0];
        if (this.#isOver) throw new Error(`the program ended:\n${this.#text}`);
        if (isLate) throw new Error(`the program has not printed ${pattern}:\n${this.#text}`);
        await new Promise((resolve) => this.#more.addEventListener("more", resolve, { once: true }));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
