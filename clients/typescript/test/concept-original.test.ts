import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Sessioning, sessioningConcept } from "../src/concept/index.ts";
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
});
