import { beginSession, endSession, findUser } from "./calls.ts";
import { sayAttempt, sayCreated } from "./console.ts";
import { checkBinding } from "./engine.ts";
import { SessionServiceError } from "./errors.ts";
import type { IdOf } from "./ids.ts";
import { checkNames, classOfOtherNames } from "./names.ts";
import { namespaceOf } from "./namespace.ts";
import { type Method, Service } from "./service.ts";
import { type SessionsCollection, sessionsCollection } from "./sessions.ts";
import { type ConceptOptions, settingsFrom } from "./settings.ts";
import { type ErrorRow, type UnknownSession, unknownEnd, unknownRows } from "./unknown.ts";

/** What the constructor takes: a `Db` of the MongoDB driver, of which the name alone is read. */
export interface ConceptDatabase {
  readonly databaseName: string;
}

/** What `create` answers. No union, as in the original: programs take the session out without asking for an error. */
export interface Created<Session extends string> {
  session: Session;
  /** Why there is no session. There is none then, whatever the type says. */
  error?: string;
}

/** The concept `Sessioning`: who is logged in. Users and sessions are strings, or of the program's own type of strings. */
export interface Sessioning {
  /**
   * Begins a session of a user: `{ session }`, or `{ error }` if it could not be stored.
   *
   * Throws `SessionServiceError` if the service cannot be asked.
   */
  create<User extends string>(input: { user: User }): Promise<Created<IdOf<User>>>;
  /**
   * Ends a session for good: `{}`, or `{ error }` if there is none. In the modes `throw` and `guarded` `{}` for either.
   *
   * Throws `SessionServiceError` if the service cannot be asked; then the session may have ended, or not.
   */
  delete(input: { session: string }): Promise<Record<PropertyKey, never> | { error: string }>;
  /**
   * The user of a session: `[{ user }]`. For an unknown one what the mode says: see `UnknownSession`.
   *
   * Throws `SessionServiceError` if the service cannot be asked.
   */
  _getUser<Session extends string>(input: { session: Session }): Promise<Array<{ user: IdOf<Session> }> | [ErrorRow]>;
  /** What programs' tests ask of the original's collection. */
  readonly sessions: SessionsCollection;
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
  return class PublicSessioningConcept extends classOfOtherNames() implements Sessioning {
    declare readonly [CONNECTION]: Connection;
    declare readonly sessions: SessionsCollection;

    constructor(db: ConceptDatabase) {
      super();
      // Not enumerable, so that printing a concept shows its name and nothing else.
      const connection = connect(db, options);
      Object.defineProperty(this, CONNECTION, { value: connection });
      const sessions = sessionsCollection(connection.service, connection.namespace);
      // A subclass may have a field of that name.
      Object.defineProperty(this, "sessions", { value: sessions, writable: true, configurable: true });
    }

    async create<User extends string>(input: { user: User }): Promise<Created<IdOf<User>>> {
      const { service, mode } = this[CONNECTION];
      checkInput("create", input, mode);
      sayAttempt(input.user);
      const answer = await beginSession(service, input.user);
      if ("session" in answer) sayCreated(answer.session);
      return answer as Created<IdOf<User>>;
    }

    async delete(input: { session: string }): Promise<Record<PropertyKey, never> | { error: string }> {
      const { service, mode } = this[CONNECTION];
      checkInput("delete", input, mode);
      const unknown = await endSession(service, input.session);
      return unknown === undefined ? {} : unknownEnd(mode, unknown);
    }

    async _getUser<Session extends string>(
      input: { session: Session },
    ): Promise<Array<{ user: IdOf<Session> }> | [ErrorRow]> {
      const { service, mode } = this[CONNECTION];
      checkInput("_getUser", input, mode);
      const row = await findUser(service, input.session);
      if (row === undefined) return unknownRows(mode, []);
      return "user" in row ? [row as { user: IdOf<Session> }] : unknownRows(mode, [row]);
    }
  };
}

function checkInput(method: Method, input: object, mode: UnknownSession): void {
  checkNames(method, input);
  checkBinding(method, input, mode);
}

interface Connection {
  service: Service;
  namespace: string;
  mode: UnknownSession;
}

function connect(db: ConceptDatabase, options: ConceptOptions): Connection {
  if (typeof db?.databaseName !== "string") {
    throw new SessionServiceError("The Sessioning concept needs the database: new SessioningConcept(db).");
  }
  const settings = settingsFrom(options);
  const namespace = namespaceOf(db.databaseName, settings.namespaces);
  return { service: new Service(settings, namespace), namespace, mode: settings.unknownSession };
}
