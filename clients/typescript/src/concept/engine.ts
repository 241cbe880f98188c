import { SessionServiceError } from "./errors.ts";
import type { Method } from "./service.ts";
import type { UnknownSession } from "./unknown.ts";

/**
 * Refuses the mode `guarded` unless the program says that its engine throws where a variable has no value. A concept
 * cannot find out: it never sees what the engine does with a row.
 *
 * Its row throws when it is asked for a user itself. An engine that copies rows first, or asks `Object.hasOwn`, does not
 * ask it, and then nothing but that missing value stops the sync.
 */
export function checkEngine(mode: UnknownSession, throws: string): void {
  if (throws !== "true" && throws !== "false") {
    throw new SessionServiceError(`SESSIONING_ENGINE_THROWS is "${throws}"; it may be true or false.`);
  }
  if (mode !== "guarded" || throws === "true") return;
  throw new SessionServiceError(
    'SESSIONING_UNKNOWN_SESSION is "guarded", which is safe only with an engine that throws where a variable has no ' +
      'value ("Missing binding"): another one may run a sync without a user. If yours throws, set ' +
      "SESSIONING_ENGINE_THROWS=true. If it does not, or you do not know, set throw or empty, which are safe with any engine.",
  );
}

const said = new Set<string>();

/**
 * Says once that a field came without a value. It comes like that from an engine that goes on where a variable has none,
 * and there the rows of `error` and `guarded` stop no sync. JSON has no undefined, so no visitor can cause the line.
 */
export function checkBinding(method: Method, input: object, mode: UnknownSession): void {
  const [empty] = Object.entries(input).find(([, value]) => value === undefined) ?? [];
  if (empty === undefined || mode === "empty" || mode === "throw" || said.has(`${method} ${mode}`)) return;
  said.add(`${method} ${mode}`);
  console.error(
    `Sessioning.${method} was called with { ${empty}: undefined }. If a sync did that, the engine goes on where a variable ` +
      `has no value, and with an unknown session a sync that asks for the user runs without one. ` +
      `SESSIONING_UNKNOWN_SESSION is ${mode}. Set it to empty or throw.`,
  );
}
