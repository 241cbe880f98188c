import type { Frames } from "./frames.ts";

type Fields = Record<string, unknown>;

/** An action as an engine hands it out: calling it runs the syncs that wait for it. */
export interface Action {
  (input: never): Promise<Fields>;
  /** The concept object to which it belongs. */
  concept?: object;
}

/** One action of a `when` or `then`, with patterns of its input and output. */
export interface Step {
  action: Action;
  input: Fields;
  output: Fields;
}

/** When these happened, and where this holds, then do those. */
export interface Rule {
  when: Step[];
  where?: (frames: Frames) => Frames | Promise<Frames>;
  then: Step[];
}

/** A sync: gets the variables that it names in its parameter, each a symbol of its own. */
// deno-lint-ignore no-explicit-any -- a type of every name would make each one possibly undefined
export type Sync = (variables: any) => Rule;

/** Steps from the short form, `[action, input, output]`. Throws for what no engine handed out. */
export function actions(...steps: [unknown, Fields, Fields?][]): Step[] {
  return steps.map(([action, input, output = {}]) => {
    if (typeof action !== "function" || !("concept" in action)) {
      throw new Error(`${String(action)} is not instrumented.`);
    }
    return { action: action as Action, input, output };
  });
}
