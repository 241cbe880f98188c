import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Backend, SKIP_DENO, startBackend } from "./concept/backend.ts";
import { type Running, SKIP, startService } from "./support/service.ts";
import { type Sessioning, sessioningConcept, type UnknownSession } from "../src/concept/index.ts";

const skip = SKIP || SKIP_DENO;
const BOGUS = "ses_made-up";
const INTERNAL = { status: 500, body: { error: "An internal server error occurred." } };

/** What a request with an unknown session comes to, mode by mode. */
const EXPECTED: Record<UnknownSession, { mine: object; leaky: object; blind: object; asking: object }> = {
  error: {
    mine: { status: 200, body: { error: "Log in first" } },
    leaky: { status: 200, body: { deleted: "n1" } },
    blind: { status: 200, body: { count: 2 } },
    asking: { status: 200, body: { status: "logged out" } },
  },
  empty: {
    mine: { status: 200, body: { error: "Log in first" } },
    leaky: { status: 504, body: { error: "Request timed out." } },
    blind: { status: 504, body: { error: "Request timed out." } },
    asking: { status: 504, body: { error: "Request timed out." } },
  },
  throw: { mine: INTERNAL, leaky: INTERNAL, blind: INTERNAL, asking: INTERNAL },
  guarded: { mine: INTERNAL, leaky: INTERNAL, blind: { status: 200, body: { count: 2 } }, asking: INTERNAL },
};

for (const mode of Object.keys(EXPECTED) as UnknownSession[]) {
  describe(`a back end under Deno, unknown sessions answered with ${mode}`, { skip }, () => {
    let service: Running;
    let backend: Backend;
    const { mine, leaky, blind, asking } = EXPECTED[mode];
    const throws = mode === "throw" || mode === "guarded";

    before(async () => {
      service = await startService();
      backend = await startBackend({ env: environment(service, mode) });
    });
    after(() => Promise.all([service?.stop(), backend?.stop()]));

    it("logs in, answers a guarded request, and logs out for good", async () => {
      const session = await login(backend);
      assert.match(session, /^ses_[0-9a-f]{104}$/);
      await backend.printed("Successfully created session: ");
      const printed = backend.output();
      assert.match(printed, /\[Sessioning\.create\] Attempting to insert session for user: user:alice\n/);
      assert.match(printed, /\[Sessioning\.create\] Successfully created session: [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n/);
      assert.ok(!printed.includes(session), "a token was printed");
      const notes = await backend.post("/notes/mine", { session });
      assert.deepEqual(notes, { status: 200, body: { user: "user:alice", note: "n1" } });
      assert.deepEqual(await backend.post("/logout", { session }), { status: 200, body: { status: "logged out" } });
      assert.deepEqual(await backend.post("/notes/mine", { session }), mine);
      const again = await backend.post("/logout", { session });
      assert.equal(again.status, 200);
      assert.deepEqual(again.body, throws ? { status: "logged out" } : { error: `Session with id ${session} not found` });
    });

    it("answers a second logout that asks for the user first, and says where it throws that none is needed", async () => {
      const session = await login(backend);
      assert.deepEqual(await backend.post("/logout/asking", { session }), { status: 200, body: { status: "logged out" } });
      assert.deepEqual(await backend.post("/logout/asking", { session }), asking);
      if (throws) await backend.printed("A logout needs no user: let its sync call Sessioning.delete without asking _getUser.");
    });

    it("refuses a wrong password without a session", async () => {
      const { body } = await backend.post("/login", { username: "alice", password: "guess" });
      assert.deepEqual(body, { error: "Wrong name or password" });
    });

    it("answers a made-up session", async () => {
      assert.deepEqual(await backend.post("/notes/mine", { session: BOGUS }), mine);
    });

    it(`${mode === "error" ? "lets everybody through" : "stops"} a guard that never uses the user`, async () => {
      assert.deepEqual(await backend.post("/notes/delete", { session: BOGUS, note: "n1" }), leaky);
      const notes = await backend.post("/notes/mine", { session: await login(backend) });
      // With no note left there is nothing to answer, so that the request waits in vain.
      assert.equal(notes.status, mode === "error" ? 504 : 200);
    });

    it("says what it does to a guard that does not even ask for the user", async () => {
      assert.deepEqual(await backend.post("/notes/count", { session: BOGUS }), blind);
    });

    it("answers 500 at once when there is no service, and says why without the token", async () => {
      const session = await login(backend, "bob", "builder");
      await service.stop();
      const started = performance.now();
      for (const path of ["/notes/mine", "/notes/delete", "/notes/count", "/logout"]) {
        assert.deepEqual(await backend.post(path, { session, note: "n2" }), INTERNAL, path);
      }
      assert.deepEqual(await backend.post("/login", { username: "bob", password: "builder" }), INTERNAL);
      assert.ok(performance.now() - started < 2000);
      await backend.printed(`Sessioning._getUser: the session service at ${service.url} cannot be reached. Start it`);
      await backend.printed("Sessioning.create: the session service at");
      assert.ok(!backend.output().includes(session.slice(36)), "a token in the log");
    });
  });
}

describe("a service that hangs", { skip }, () => {
  // Bun gives a test 5 seconds unless told otherwise.
  it("is given up after 5 seconds, and the session is known afterwards", { timeout: 30_000 }, async () => {
    const service = await startService();
    const backend = await startBackend({ env: environment(service) });
    try {
      const session = await login(backend);
      service.signal("SIGSTOP");
      const started = performance.now();
      assert.deepEqual(await backend.post("/notes/mine", { session }), INTERNAL);
      const seconds = (performance.now() - started) / 1000;
      assert.ok(seconds > 4.5 && seconds < 6, `${seconds} s`);
      service.signal("SIGCONT");
      assert.equal((await backend.post("/notes/mine", { session })).body["user"], "user:alice");
    } finally {
      await Promise.all([service.stop(), backend.stop()]);
    }
  });
});

describe("the routes of a back end", { skip }, () => {
  let service: Running;
  before(async () => void (service = await startService()));
  after(() => service?.stop());

  const METHODS = ["create", "delete", "_getUser"];

  it("do not include the concept's methods", async () => {
    const backend = await startBackend({ env: environment(service) });
    try {
      for (const method of METHODS) {
        const { status } = await backend.post(`/Sessioning/${method}`, { user: "user:alice" });
        assert.equal(status, 404, method);
      }
      assert.equal((await backend.post("/PasswordAuthentication/authenticate")).status, 200);
      assert.doesNotMatch(service.output(), /Sessioning\.create/);
    } finally {
      await backend.stop();
    }
  });

  it("include them where somebody asked for it", async () => {
    const concept = 'export { PublicSessioningConcept as default } from "DROP-IN";';
    const backend = await startBackend({ concept, env: environment(service) });
    try {
      const created = await backend.post("/Sessioning/create", { user: "user:mallory" });
      assert.equal(created.status, 200);
      const found = await backend.post("/Sessioning/_getUser", created.body);
      assert.deepEqual(found.body, [{ user: "user:mallory" }]);
      assert.deepEqual((await backend.post("/Sessioning/delete", created.body)).body, {});
    } finally {
      await backend.stop();
    }
  });
});

describe("the subclass that the drop-in prints for other names", { skip }, () => {
  let service: Running;
  before(async () => void (service = await startService()));
  after(() => service?.stop());

  const calls: [string, (concept: Sessioning) => Promise<unknown>][] = [
    ["a method", (concept) => (concept as unknown as { createSession(input: object): Promise<unknown> }).createSession({ user: "u" })],
    ["a field", (concept) => concept.create({ renamedUser: "u" } as unknown as { user: string })],
  ];
  for (const [what, call] of calls) {
    it(`is all of a SessioningConcept.ts, works, and opens no route: ${what}`, async (t) => {
      const said = t.mock.method(console, "error", () => {});
      const concept = new (sessioningConcept({ url: service.url }))({ databaseName: "notes" });
      const thrown = await call(concept).then(() => "", (error: Error) => error.message);
      const printed = [thrown, ...said.mock.calls.map(({ arguments: [text] }) => String(text))].join("\n");
      const cure = printed.slice(printed.indexOf("import DropIn")).replace(/"[^"]*"/, '"DROP-IN"');
      const backend = await startBackend({ concept: cure, env: environment(service) });
      try {
        for (const method of ["create", "createSession"]) {
          const { status } = await backend.post(`/Sessioning/${method}`, { user: "user:mallory", renamedUser: "user:mallory" });
          assert.equal(status, 404, method);
        }
        assert.match(backend.output(), /^routes: /m);
        if (what === "a method") assert.match(await login(backend), /^ses_/);
      } finally {
        await backend.stop();
      }
    });
  }
});

describe("two databases", { skip }, () => {
  it("do not see each other's sessions", async () => {
    const service = await startService();
    const real = await startBackend({ env: environment(service) });
    const test = await startBackend({ env: { ...environment(service), DB_NAME: "test-notes" } });
    try {
      const session = await login(real);
      assert.equal((await real.post("/notes/mine", { session })).body["user"], "user:alice");
      assert.deepEqual((await test.post("/notes/mine", { session })).body, { error: "Log in first" });
      const refused = await test.post("/logout", { session });
      assert.deepEqual(refused.body, { error: `Session with id ${session} not found` });
      assert.equal((await real.post("/notes/mine", { session })).body["user"], "user:alice");
    } finally {
      await Promise.all([service.stop(), real.stop(), test.stop()]);
    }
  });
});

describe("a back end without SESSIONING_URL", { skip }, () => {
  it("does not start, and says what to set", async () => {
    await assert.rejects(startBackend({ env: {} }), /SESSIONING_URL is not set\. Set it to where/);
  });
});

function environment(service: Running, mode?: UnknownSession): Record<string, string> {
  return {
    SESSIONING_URL: service.url,
    DB_NAME: "notes",
    // Requests that nothing answers end soon. One whose sync waits for the service is not counted as such.
    REQUESTING_TIMEOUT: "300",
    ...(mode === undefined ? {} : { SESSIONING_UNKNOWN_SESSION: mode }),
    // test/engine does.
    ...(mode === "guarded" ? { SESSIONING_ENGINE_THROWS: "true" } : {}),
  };
}

async function login(backend: Backend, username = "alice", password = "wonderland"): Promise<string> {
  const { status, body } = await backend.post("/login", { username, password });
  assert.equal(status, 200, backend.output());
  return body["session"] as string;
}
