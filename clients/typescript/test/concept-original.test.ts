import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Sessioning, sessioningConcept, SessionServiceError } from "../src/concept/index.ts";
import { type Running, SKIP, startService } from "./support/service.ts";

declare const brand: unique symbol;
/** As programs have it: a text of a type of its own. */
type ID = string & { [brand]: true };
type Empty = Record<PropertyKey, never>;

/** What programs wrote for the original, against the drop-in: it compiles as it did, and it passes. */
describe("a program's own tests", { skip: SKIP }, () => {
  const user = "user:alice" as ID;
  let service: Running;
  let concept: Sessioning;

  before(async () => {
    service = await startService();
    concept = new (sessioningConcept({ url: service.url }))({ databaseName: "notes" });
  });
  after(() => service?.stop());

  it("take the session out of what create answers, without asking for an error", async () => {
    const { session } = await concept.create({ user });
    const kept: ID = session;
    const created: { session: ID } = await concept.create({ user });
    assert.notEqual(created.session, kept);
    const text: { session: string } = await concept.create({ user: "user:bob" });
    assert.deepEqual(await concept._getUser(text), [{ user: "user:bob" }]);
  });

  it("may as well ask for the error first, as with an original that has one", async () => {
    const result = await concept.create({ user: "" });
    assert.ok("error" in result);
    assert.equal((result as { error: string }).error, result.error);
    const created: { session: ID } | { error: string } = await concept.create({ user });
    assert.equal("error" in created, false);
  });

  it("read the user of the row, of the type that the session has", async () => {
    const { session } = await concept.create({ user });
    const [row] = await concept._getUser({ session });
    if (row === undefined || "error" in row) return assert.fail("no user");
    const found: ID = row.user;
    assert.equal(found, user);
    const ended: Empty | { error: string } = await concept.delete({ session });
    assert.deepEqual(ended, {});
  });

  it("look a session up in the collection, before and after its end", async () => {
    const { session } = await concept.create({ user });
    const document = await concept.sessions.findOne({ _id: session });
    const stored: ID | undefined = document?.user;
    assert.equal(stored, user);
    assert.deepEqual(document, { _id: session, user });
    assert.deepEqual(await concept.sessions.find({ _id: session }).toArray(), [document]);
    assert.equal(await concept.sessions.countDocuments({ _id: session, user }), 1);
    assert.equal(await concept.sessions.findOne({ _id: session, user: "user:bob" }), null);
    await concept.delete({ session });
    assert.equal(await concept.sessions.findOne({ _id: session }), null);
    assert.equal(await concept.sessions.countDocuments({ _id: session }), 0);
    assert.equal(await concept.sessions.countDocuments({ _id: undefined }), 0);
  });

  it("delete a session from the collection", async () => {
    const { session } = await concept.create({ user });
    assert.deepEqual(await concept.sessions.deleteOne({ _id: session }), { acknowledged: true, deletedCount: 1 });
    assert.deepEqual(await concept.sessions.deleteOne({ _id: session }), { acknowledged: true, deletedCount: 0 });
    assert.ok("error" in (await concept._getUser({ session }))[0]!);
  });

  it("find no document without an error, whatever the mode", async () => {
    for (const unknownSession of ["error", "empty", "throw", "guarded"] as const) {
      const moody = new (sessioningConcept({ url: service.url, unknownSession, engineThrows: true }))({ databaseName: "notes" });
      const none: { user: string } | null = await moody.sessions.findOne({ _id: "made-up" });
      assert.equal(none, null);
    }
  });

  it("are told what to do instead, where the service cannot answer the collection", async () => {
    const { sessions } = concept;
    const refused: [() => unknown, RegExp][] = [
      [() => sessions.insertOne({ _id: "s", user }), /sessions\.insertOne: .* await concept\.create\({ user }\)/],
      [() => sessions.insertMany([]), /sessions\.insertMany: .* await concept\.create\({ user }\)/],
      [() => sessions.deleteMany({}), /sessions\.deleteMany: .* sessioning revoke --everyone --namespace notes/],
      [() => sessions.drop(), /sessions\.drop: .* sessioning revoke --everyone --namespace notes/],
      [() => sessions.findOne({ user }), /sessions\.findOne: .* by its _id, a text; this filter is { user }.* sessioning list USER --namespace notes/],
      [() => sessions.find({}).toArray(), /sessions\.find: .*; this filter is {  }/],
      [() => sessions.countDocuments(), /sessions\.countDocuments: .*; this filter is {  }/],
      [() => sessions.deleteOne({ _id: { $ne: null } }), /sessions\.deleteOne: .* by its _id, a text; this filter is { _id }/],
      [() => sessions.updateOne({}, {}), /sessions\.updateOne: .* is begun, asked for and ended, and nothing else: create/],
      [() => sessions.aggregate([]), /sessions\.aggregate: /],
    ];
    for (const [ask, message] of refused) {
      await assert.rejects(async () => await ask(), (error: Error) => {
        assert.match(error.message, message);
        return error instanceof SessionServiceError;
      });
    }
  });
});

describe("the collection", () => {
  it("does not show when a concept is printed, and gives way to a subclass with one of its own", () => {
    const Concept = sessioningConcept({ url: "http://127.0.0.1:1" });
    const concept = new Concept({ databaseName: "notes" });
    assert.deepEqual(Object.keys(concept), []);
    assert.equal(JSON.stringify(concept), "{}");
    class Other extends Concept {
      override sessions: never = "mine" as never;
    }
    assert.equal(new Other({ databaseName: "notes" }).sessions, "mine");
  });

  it("waits like a promise for nobody, and is no array", async () => {
    const { sessions } = new (sessioningConcept({ url: "http://127.0.0.1:1" }))({ databaseName: "notes" });
    assert.equal(await sessions, sessions);
    assert.equal(JSON.stringify(sessions), "{}");
  });
});
