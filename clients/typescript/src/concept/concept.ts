import { sayAttempt, sayCreated } from "./console.ts";
import { SessionServiceError } from "./errors.ts";
import { checkNames } from "./names.ts";
import { namespaceOf } from "./namespace.ts";
import { type Method, Service, STRANGER } from "./service.ts";
import { type ConceptOptions, settingsFrom } from "./settings.ts";
import { type ErrorRow, type UnknownSession, unknownRows } from "./unknown.ts";

/** What the constructor takes: a `Db` of the MongoDB driver, of which the name alone is read. */
export interface ConceptDatabase {
  readonly databaseName: string;
}

/** The concept `Sessioning`: who is logged in. Users and sessions are strings. */
export interface Sessioning {
  /**
   * Begins a session of a user: `{ session }`, or `{ error }` if it could not be stored.
   *
   * Throws `SessionServiceError` if the service cannot be asked.
   */
  create(input: { user: string }): Promise<{ session: string } | { error: string }>;
  /**
   * Ends a session for good: `{}`, or `{ error }` if there is none.
   *
   * Throws `SessionServiceError` if the service cannot be asked; then the session may have ended, or not.
   */
  delete(input: { session: string }): Promise<Record<PropertyKey, never> | { error: string }>;
  /**
   * The user of a session: `[{ user }]`. For an unknown one what the mode says: see `UnknownSession`.
   *
   * Throws `SessionServiceError` if the service cannot be asked.
   */
  _getUser(input: { session: string }): Promise<Array<{ user: string }> | [ErrorRow]>;
}

/** A class of the concept, as engines construct it. */
export type SessioningClass = new (db: ConceptDatabase) => Sessioning;

/** Where a concept object keeps its connection: not in a #field, which a proxy around the object could not reach. */
const CONNECTION = Symbol("connection");

/**
 * A concept class with settings of its own. What `options` leave out comes from the environment.
 *
 * The class has no methods of its own: it inherits them, so that an engine which makes a public route of every own
 * method makes none. `public: true` gives the other kind. No two classes share a method, for engines remember what they
 * bound by the function.
 *
 * Constructing one does no I/O, and throws `SessionServiceError` if SESSIONING_URL is missing or a setting is malformed: a
 * back end in which nobody can log in should not start.
 */
export function sessioningConcept(options: ConceptOptions = {}): SessioningClass {
  const Methods = classWithMethods(options);
  return options.public ? Methods : class SessioningConcept extends Methods {};
}

function classWithMethods(options: ConceptOptions): SessioningClass {
  return class PublicSessioningConcept implements Sessioning {
    declare readonly [CONNECTION]: Connection;

    constructor(db: ConceptDatabase) {
      // Not enumerable, so that printing a concept shows its name and nothing else.
      Object.defineProperty(this, CONNECTION, { value: connect(db, options) });
    }

    async create(input: { user: string }): Promise<{ session: string } | { error: string }> {
      checkNames("create", "user", input);
      const { user } = input;
      sayAttempt(user);
      if (!canBeSent(user)) return { error: NO_USER };
      const answer = await this[CONNECTION].service.call("create", { user: plain(user) });
      const created = hasText(answer, "session");
      if (created === undefined) return hasText(answer, "error") ?? strange("create");
      sayCreated(created.session);
      return created;
    }

    async delete(input: { session: string }): Promise<Record<PropertyKey, never> | { error: string }> {
      checkNames("delete", "session", input);
      const { session } = input;
      if (!canBeSent(session)) return notFound(session);
      const answer = await this[CONNECTION].service.call("delete", { session: plain(session) });
      return hasText(answer, "error") ?? isEmpty(answer) ?? strange("delete");
    }

    async _getUser(input: { session: string }): Promise<Array<{ user: string }> | [ErrorRow]> {
      checkNames("_getUser", "session", input);
      const { session } = input;
      const { service, mode } = this[CONNECTION];
      if (!canBeSent(session)) return unknownRows(mode, [notFound(session)]);
      const answer = await service.call("_getUser", { session: plain(session) });
      if (!Array.isArray(answer) || answer.length > 1) return strange("_getUser");
      if (answer.length === 0) return unknownRows(mode, []);
      const found = hasText(answer[0], "user");
      if (found !== undefined) return [found];
      return unknownRows(mode, [hasText(answer[0], "error") ?? strange("_getUser")]);
    }
  };
}

interface Connection {
  service: Service;
  mode: UnknownSession;
}

function connect(db: ConceptDatabase, options: ConceptOptions): Connection {
  if (typeof db?.databaseName !== "string") {
    throw new SessionServiceError("The Sessioning concept needs the database: new SessioningConcept(db).");
  }
  const settings = settingsFrom(options);
  const service = new Service(settings, namespaceOf(db.databaseName, settings.namespaces));
  return { service, mode: settings.unknownSession };
}

/** As the service words it. */
const NO_USER = "Failed to create session: user must be a string of 1 to 256 bytes without control characters";

/** Longer than any session or user, and well within what the service reads. */
const LONGEST = 4096;

/**
 * False for what would reach the service as something else, or not at all: `1e400`, which JSON writes as null, half of a
 * character, and what is too long. It is no session and no user, so the answer is known.
 */
function canBeSent(value: unknown): boolean {
  if (typeof value === "string") return value.length <= LONGEST && !/\p{Surrogate}/u.test(value);
  return typeof value !== "number" || Number.isFinite(value);
}

function notFound(session: unknown): ErrorRow {
  return { error: `Session with id ${String(session)} not found` };
}

/** An ObjectId would go out as text and never come back as what it was. As an object it is refused instead. */
function plain(value: unknown): unknown {
  const { toJSON } = (value ?? {}) as { toJSON?: unknown };
  return typeof toJSON === "function" ? {} : value;
}

/** A fresh object with that one field, if it is text. */
function hasText<Key extends string>(answer: unknown, key: Key): Record<Key, string> | undefined {
  const value = (answer as Record<string, unknown> | null | undefined)?.[key];
  return typeof value === "string" ? { [key]: value } as Record<Key, string> : undefined;
}

function isEmpty(answer: unknown): Record<PropertyKey, never> | undefined {
  return typeof answer === "object" && answer !== null && Object.keys(answer).length === 0 ? {} : undefined;
}

function strange(method: Method): never {
  throw new SessionServiceError(`Sessioning.${method}: the session service ${STRANGER}.`);
}
