import { endSession, findUser } from "./calls.ts";
import { SessionServiceError } from "./errors.ts";
import type { IdOf } from "./ids.ts";
import type { Service } from "./service.ts";

/** A session as a document of the original's collection. */
export interface SessionDocument<Session extends string> {
  _id: Session;
  user: Session;
}

/** What a session may be found by: its `_id`, and a `user` next to it. All else compiles, and is refused with the reason. */
export interface SessionFilter<Session extends string> {
  _id?: Session | object | null | undefined;
  user?: unknown;
}

/** The methods of a collection that the service cannot answer. */
type Refused =
  | "insertOne"
  | "insertMany"
  | "deleteMany"
  | "drop"
  | "updateOne"
  | "updateMany"
  | "replaceOne"
  | "findOneAndUpdate"
  | "findOneAndReplace"
  | "findOneAndDelete"
  | "bulkWrite"
  | "aggregate"
  | "distinct"
  | "estimatedDocumentCount"
  | "createIndex";

/**
 * What the original has as a collection of MongoDB, `concept.sessions`, as far as the service can answer it: one session,
 * by its `_id`. To look one up is a use of it, as `_getUser` is.
 *
 * Throws `SessionServiceError` for everything else, with what to do instead, and if the service cannot be asked.
 */
export interface SessionsCollection extends Record<Refused, (...input: unknown[]) => Promise<never>> {
  findOne<Session extends string>(filter?: SessionFilter<Session>): Promise<SessionDocument<IdOf<Session>> | null>;
  find<Session extends string>(filter?: SessionFilter<Session>): { toArray(): Promise<SessionDocument<IdOf<Session>>[]> };
  countDocuments<Session extends string>(filter?: SessionFilter<Session>): Promise<number>;
  deleteOne<Session extends string>(
    filter?: SessionFilter<Session>,
  ): Promise<{ acknowledged: true; deletedCount: 0 | 1 }>;
}

/** The collection of one namespace. */
export function sessionsCollection(service: Service, namespace: string): SessionsCollection {
  const matches = async <Session extends string>(method: string, filter: SessionFilter<Session> = {}) => {
    checkFilter(method, filter, namespace);
    const row = await findUser(service, filter._id);
    if (row === undefined || !("user" in row) || (filter.user ?? row.user) !== row.user) return [];
    return [{ _id: filter._id, user: row.user } as SessionDocument<IdOf<Session>>];
  };
  return {
    ...refusals(namespace),
    findOne: async (filter) => (await matches("findOne", filter))[0] ?? null,
    find: (filter) => ({ toArray: () => matches("find", filter) }),
    countDocuments: async (filter) => (await matches("countDocuments", filter)).length,
    deleteOne: async (filter) => {
      const [found] = await matches("deleteOne", filter);
      const unknown = found === undefined || await endSession(service, found._id) !== undefined;
      return { acknowledged: true, deletedCount: unknown ? 0 : 1 };
    },
  };
}

const CREATE = (): string =>
  "the service chooses the session. Begin one: const { session } = await concept.create({ user })";
const LEAVE_OUT = (namespace: string): string =>
  "the drop-in ends one session at a time. A test needs no empty collection, for each session is a new one. To end all: " +
  `sessioning revoke --everyone --namespace ${namespace}`;
const METHODS = (): string =>
  "a session of the service is begun, asked for and ended, and nothing else: create, _getUser, delete";

/** What to do instead of a method that the service cannot answer. */
const INSTEAD: Record<Refused, (namespace: string) => string> = {
  insertOne: CREATE,
  insertMany: CREATE,
  deleteMany: LEAVE_OUT,
  drop: LEAVE_OUT,
  updateOne: METHODS,
  updateMany: METHODS,
  replaceOne: METHODS,
  findOneAndUpdate: METHODS,
  findOneAndReplace: METHODS,
  findOneAndDelete: METHODS,
  bulkWrite: METHODS,
  aggregate: METHODS,
  distinct: METHODS,
  estimatedDocumentCount: METHODS,
  createIndex: METHODS,
};

function refusals(namespace: string): Record<Refused, () => Promise<never>> {
  const methods = Object.entries(INSTEAD).map(([method, instead]) => [
    method,
    async () => Promise.reject(new SessionServiceError(`Sessioning.sessions.${method}: ${instead(namespace)}.`)),
  ]);
  return Object.fromEntries(methods) as Record<Refused, () => Promise<never>>;
}

function checkFilter(method: string, filter: object, namespace: string): void {
  const entries = Object.entries(filter);
  const isKnown = ([name, value]: [string, unknown]) =>
    (name === "_id" || name === "user") && (typeof value !== "object" || value === null);
  if ("_id" in filter && entries.every(isKnown)) return;
  throw new SessionServiceError(
    `Sessioning.sessions.${method}: the service finds a session by its _id, a text; this filter is ` +
      `{ ${entries.map(([name]) => name).join(", ")} }. Ask with the session that create answered. A user's sessions are ` +
      `listed by: sessioning list USER --namespace ${namespace}`,
  );
}
