import { SessionServiceError } from "./errors.ts";
import type { Method } from "./service.ts";

/** What each method takes. */
export const FIELD: Readonly<Record<Method, "user" | "session">> = { create: "user", delete: "session", _getUser: "session" };

/** Names that programs have for the three methods. */
const OTHER_NAMES: Readonly<Record<string, Method>> = {
  createSession: "create",
  start: "create",
  startSession: "create",
  beginSession: "create",
  deleteSession: "delete",
  end: "delete",
  endSession: "delete",
  logout: "delete",
  getUser: "_getUser",
  getSession: "_getUser",
  _getSession: "_getUser",
  _getUserBySession: "_getUser",
  _getUserByToken: "_getUser",
};

/**
 * A class whose methods are those of other names: each throws, with the subclass that has it. A subclass that does have it
 * is not disturbed. A proxy would see every name, and also those that engines, loggers and tests only try.
 */
export function classOfOtherNames(): new () => object {
  const OtherNames = class {};
  for (const [name, method] of Object.entries(OTHER_NAMES)) {
    const value = { [name]: async (input: unknown) => Promise.reject(renamed(name, method, input)) }[name];
    Object.defineProperty(OtherNames.prototype, name, { value, writable: true, configurable: true });
  }
  return OtherNames;
}

function renamed(name: string, method: Method, input: unknown): SessionServiceError {
  const wanted = FIELD[method];
  const fields = fieldsOf(input ?? {}) ?? [];
  const given = fields.includes(wanted) ? wanted : fields[0] ?? wanted;
  return new SessionServiceError(
    `Sessioning.${name} does not exist; the drop-in has ${method}({ ${wanted} }). ${cure(name, method, given)}`,
  );
}

/** With names that somebody outside chose, as on a public route, there would be no end of lines. */
const MOST_LINES = 20;
const said = new Set<string>();

/**
 * Says once where a program calls with a field of another name than the concept's, such as `userId`: without a word it
 * would be told that nobody is a user.
 */
export function checkNames(method: Method, input: object): void {
  const names = fieldsOf(input);
  const wanted = FIELD[method];
  if (names?.[0] === undefined || wanted in input || said.has(`${method} ${names}`) || said.size >= MOST_LINES) return;
  said.add(`${method} ${names}`);
  const called = `Sessioning.${method} was called with { ${names.join(", ")} } and knows { ${wanted} }.`;
  console.error(`${called} ${cure(`override ${method}`, method, names[0])}`);
}

/** The names of the fields, unless one is no name in a program. */
function fieldsOf(input: object): string[] | undefined {
  const names = Object.keys(input);
  return names.every((name) => /^[A-Za-z_$][\w$]{0,63}$/.test(name)) ? names : undefined;
}

function cure(name: string, method: Method, given: string): string {
  return "Where a program has other names, a subclass translates them. All of its SessioningConcept.ts is then:\n" +
    translation(name, method, given);
}

/** The file that translates a method and a field of other names, each line two spaces in. */
export function translation(name: string, method: Method, given: string): string {
  const wanted = FIELD[method];
  const translated = given === wanted ? wanted : `${wanted}: ${given}`;
  return `  import DropIn from "../../sessioning/index.ts";
  class Renamed extends DropIn {
    ${name}({ ${given} }: any): any { return super.${method}({ ${translated} }); }
  }
  // Without methods of its own, for engines make those public routes.
  export default class SessioningConcept extends Renamed {}`;
}
