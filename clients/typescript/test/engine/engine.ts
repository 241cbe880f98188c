import { randomUUID } from "node:crypto";
import { fill, type Frame, Frames, match } from "./frames.ts";
import type { Action, Rule, Step, Sync } from "./sync.ts";

/** An action that happened. */
interface Happened {
  flow: string;
  action: Action;
  input: Record<string, unknown>;
  output: Record<string, unknown>;
  /** The syncs that it has caused. */
  caused: Set<string>;
}

/** Which flow a call belongs to, beside its input. */
const FLOW = Symbol("flow");

// deno-lint-ignore ban-types
type AnyFunction = Function;

/** A when/then engine in the style of concept-design back ends: syncs join concepts that know nothing of each other. */
export class Engine {
  readonly #rules = new Map<string, Rule>();
  /** By the function itself, as such engines do: classes that share a function share what was bound first. */
  readonly #bound = new Map<AnyFunction, AnyFunction>();
  #history: Happened[] = [];

  /** The concept as syncs see it: actions run syncs, queries (by their own name, `_…`) do not. */
  instrument<T extends object>(concept: T): T {
    return new Proxy(concept, {
      get: (target, key, receiver) => {
        const value = Reflect.get(target, key, receiver);
        return typeof value === "function" ? this.#bind(value, concept) : value;
      },
    });
  }

  /** Adds syncs by their names. */
  register(syncs: Record<string, Sync>): void {
    const variables = new Proxy({}, { get: (_, name) => Symbol(String(name)) });
    for (const [name, sync] of Object.entries(syncs)) this.#rules.set(name, sync(variables));
  }

  /** The values that a field of an action's input has in the `when`s: the paths of requests, say. */
  awaited(action: AnyFunction, field: string): Set<unknown> {
    const steps = [...this.#rules.values()].flatMap(({ when }) => when);
    return new Set(steps.filter((step) => step.action === action).map(({ input }) => input[field]));
  }

  #bind(method: AnyFunction, concept: object): AnyFunction {
    const known = this.#bound.get(method);
    if (known !== undefined) return known;
    const bound = method.bind(concept);
    const result = method.name.startsWith("_") ? bound : this.#action(bound, concept);
    this.#bound.set(method, result);
    return result;
  }

  #action(bound: AnyFunction, concept: object): Action {
    const action = async ({ [FLOW]: flow = randomUUID(), ...input }: Record<PropertyKey, unknown>) => {
      const output = await bound(input);
      const happened = { flow: flow as string, action, input, output, caused: new Set<string>() };
      this.#history.push(happened);
      for (const [name, rule] of this.#rules) {
        if (rule.when.some((step) => step.action === action)) await this.#run(name, rule, happened.flow);
      }
      return output;
    };
    // The name by which such engines report what they call.
    Object.defineProperty(action, "name", { value: bound.name.slice("bound ".length) });
    action.concept = concept;
    return action as Action;
  }

  async #run(name: string, rule: Rule, flow: string): Promise<void> {
    const matched = this.#matches(name, rule.when, flow);
    if (matched.length === 0) return;
    for (const { cause } of matched) for (const happened of cause) happened.caused.add(name);
    const frames = new Frames();
    for (const { frame } of matched) frames.push(frame);
    const held = rule.where === undefined ? frames : await rule.where(frames);
    // Every input is looked up before the first action runs.
    const calls = [...held].flatMap((frame) =>
      rule.then.map(({ action, input }) => ({ action, input: { ...fill(input, frame), [FLOW]: flow } }))
    );
    for (const { action, input } of calls) await action(input as never);
  }

  #matches(name: string, when: Step[], flow: string): { frame: Frame; cause: Happened[] }[] {
    const candidates = this.#history.filter((h) => h.flow === flow && !h.caused.has(name));
    return when.reduce<{ frame: Frame; cause: Happened[] }[]>(
      (partial, step) =>
        partial.flatMap(({ frame, cause }) =>
          candidates.filter(({ action }) => action === step.action).flatMap((happened) => {
            const after = match(step.input, happened.input, frame);
            const next = after && match(step.output, happened.output, after);
            return next === undefined ? [] : [{ frame: next, cause: [...cause, happened] }];
          })
        ),
      [{ frame: {}, cause: [] }],
    );
  }
}
