import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, afterEach, before, describe, it } from "node:test";
import { inspect } from "node:util";
import SessioningConcept, {
  type ConceptOptions,
  PublicSessioningConcept,
  type Sessioning,
  SessioningConcept as Named,
  sessioningConcept,
  SessionServiceError,
  UnknownSessionError,
} from "../src/concept/index.ts";
import { namespaceOf, parseNamespaces } from "../src/concept/namespace.ts";
import { settingsFrom } from "../src/concept/settings.ts";
import { type Pretender, pretend } from "./concept/pretender.ts";
import { newKey, ROOT, type Running, SKIP, startService } from "./support/service.ts";

const METHODS = ["create", "delete", "_getUser"] as const;
const NOWHERE = "http://127.0.0.1:1";
const KEY = `sk_0123456789abcdef_${"5".repeat(64)}`;
const TOKEN = `ses_${"7".repeat(104)}`;
const VARIABLES = ["URL", "API_KEY", "UNKNOWN_SESSION", "NAMESPACES", "ENGINE_THROWS"].map((name) => `SESSIONING_${name}`);

afterEach(() => VARIABLES.forEach((name) => delete process.env[name]));

describe("the class", () => {
  it("is the default export, by a name that engines recognise", () => {
    assert.equal(SessioningConcept, Named);
    for (const concept of [SessioningConcept, sessioningConcept()]) assert.equal(concept.name, "SessioningConcept");
    assert.match(PublicSessioningConcept.name, /Concept$/);
  });

  it("inherits its methods, and the public one has them itself", () => {
    const own = (concept: { prototype: object }) => Object.getOwnPropertyNames(concept.prototype);
    for (const concept of [SessioningConcept, sessioningConcept()]) assert.deepEqual(own(concept), ["constructor"]);
    for (const concept of [PublicSessioningConcept, sessioningConcept({ public: true })]) {
      assert.deepEqual(own(concept), ["constructor", ...METHODS]);
    }
  });

  it("has methods of one parameter by whose own names actions and queries are told apart", () => {
    const concept = make();
    for (const name of METHODS) {
      assert.equal(concept[name].name, name);
      assert.equal(concept[name].length, 1);
    }
  });

  it("shares no method with another class, for engines remember what they bound by the function", () => {
    process.env["SESSIONING_URL"] = NOWHERE;
    const [one, other, open] = [make(), make(), new PublicSessioningConcept(database("a"))];
    for (const name of METHODS) {
      assert.notEqual(one[name], other[name]);
      assert.notEqual(new SessioningConcept(database("a"))[name], open[name]);
    }
  });

  it("is made at once, and reads nothing of the database but its name", () => {
    const db = new Proxy({}, {
      get: (_, key) => key === "databaseName" ? "notes" : assert.fail(String(key)),
    }) as { databaseName: string };
    process.env["SESSIONING_URL"] = NOWHERE;
    assert.ok(new SessioningConcept(db) instanceof SessioningConcept);
    assert.throws(() => new SessioningConcept({} as typeof db), /needs the database/);
  });

  it("shows neither key nor address when it is printed", () => {
    process.env["SESSIONING_URL"] = NOWHERE;
    process.env["SESSIONING_API_KEY"] = KEY;
    const concept = new SessioningConcept(database("a"));
    assert.equal(inspect(concept), "SessioningConcept {}");
    assert.equal(JSON.stringify(concept), "{}");
    const everything = inspect(concept, { showHidden: true, depth: Infinity, getters: true });
    assert.ok(everything.includes("Symbol(connection)"));
    for (const secret of [KEY, NOWHERE]) assert.ok(!everything.includes(secret), everything);
  });

  it("works through a proxy that calls its methods on itself", async () => {
    const service = await pretend((_, response) => response.end('[{"user": "u"}]'));
    try {
      const concept = new Proxy(make({ url: service.url }), {});
      assert.deepEqual(await concept._getUser({ session: TOKEN }), [{ user: "u" }]);
    } finally {
      await service.stop();
    }
  });
});

describe("a method of another name", () => {
  type Calls = Record<string, (input?: object) => Promise<unknown>>;
  const names: [string, string, string][] = [
    ["createSession", "create", "user"],
    ["start", "create", "user"],
    ["startSession", "create", "user"],
    ["beginSession", "create", "user"],
    ["deleteSession", "delete", "session"],
    ["end", "delete", "session"],
    ["endSession", "delete", "session"],
    ["logout", "delete", "session"],
    ["getUser", "_getUser", "session"],
    ["getSession", "_getUser", "session"],
    ["_getSession", "_getUser", "session"],
    ["_getUserBySession", "_getUser", "session"],
    ["_getUserByToken", "_getUser", "session"],
  ];
  for (const [name, method, field] of names) {
    it(`is an error that names what is there, and the subclass: ${name}`, async () => {
      const concept = make() as unknown as Calls;
      assert.equal(concept[name]!.name, name);
      await assert.rejects(concept[name]!({ [field]: "x" }), (error: Error) => {
        assert.ok(error instanceof SessionServiceError);
        assert.match(error.message, new RegExp(`^Sessioning\\.${name} does not exist; the drop-in has ${method}\\({ ${field} }\\)`));
        const line = `${name}({ ${field} }: any): any { return super.${method}({ ${field} }); }`;
        assert.ok(error.message.includes(line), error.message);
        return true;
      });
      await assert.rejects(concept[name]!({ [`${field}Id`]: "x" }), (error: Error) => {
        const line = `${name}({ ${field}Id }: any): any { return super.${method}({ ${field}: ${field}Id }); }`;
        assert.ok(error.message.includes(line), error.message);
        return true;
      });
      for (const odd of [undefined, null, {}, "evil", { "}; evil(); {": 1 }] as object[]) {
        await assert.rejects(concept[name]!(odd), (error: Error) => !error.message.includes("evil"));
      }
    });
  }

  it("is left to a subclass that has it", async () => {
    process.env["SESSIONING_URL"] = NOWHERE;
    class Renamed extends SessioningConcept {
      logout = () => Promise.resolve("a field");
      getUser(): Promise<string> {
        return Promise.resolve("a method");
      }
    }
    const renamed = new Renamed(database("a"));
    assert.deepEqual([await renamed.logout(), await renamed.getUser()], ["a field", "a method"]);
    const concept = make() as unknown as Calls;
    concept["end"] = () => Promise.resolve("assigned");
    assert.equal(await concept["end"](), "assigned");
  });

  it("is no route, and nothing that a program finds by looking", async () => {
    for (const concept of [make(), make({ public: true })]) {
      assert.equal(await concept, concept);
      const found: string[] = [];
      for (const name in concept) found.push(name);
      assert.deepEqual(found, []);
      assert.deepEqual(Object.keys(concept), []);
      for (const name of ["then", "toJSON", "inspect", "nodeType", "asymmetricMatch", "$$typeof"]) {
        assert.equal((concept as unknown as Calls)[name], undefined, name);
      }
    }
  });
});

describe("the folder", () => {
  it("imports nothing from outside, so that a project may copy it", () => {
    const folder = join(ROOT, "src", "concept");
    const files = readdirSync(folder);
    const imported = files.flatMap((file) =>
      [...readFileSync(join(folder, file), "utf8").matchAll(/^(?:import|export)\b[^;]*? from "(.*)";$/gm)]
    ).map(([, specifier]) => specifier!.replace(/^\.\//, ""));
    assert.ok(imported.length > files.length);
    assert.deepEqual(imported.filter((name) => !files.includes(name)), []);
  });
});

describe("the environment", () => {
  it("is read when a concept is made, not when the module is loaded", () => {
    assert.throws(() => new SessioningConcept(database("a")), (error: Error) => {
      assert.ok(error instanceof SessionServiceError);
      assert.match(error.message, /SESSIONING_URL is not set\. Set it to .* SESSIONING_URL=http:\/\/127\.0\.0\.1:7377/);
      return true;
    });
    process.env["SESSIONING_URL"] = "  ";
    assert.throws(() => new SessioningConcept(database("a")), /is not set/);
    process.env["SESSIONING_URL"] = NOWHERE;
    assert.ok(new SessioningConcept(database("a")));
  });

  it("gives way to what the program says", () => {
    process.env["SESSIONING_URL"] = "http://elsewhere:1";
    process.env["SESSIONING_UNKNOWN_SESSION"] = "empty";
    process.env["SESSIONING_NAMESPACES"] = "notes=default, shop=s";
    const { url, unknownSession, namespaces, timeout, apiKey } = settingsFrom({});
    assert.deepEqual({ url, unknownSession, namespaces, timeout, apiKey }, {
      url: "http://elsewhere:1",
      unknownSession: "empty",
      namespaces: { notes: "default", shop: "s" },
      timeout: 5000,
      apiKey: undefined,
    });
    const said = { url: `${NOWHERE}/`, unknownSession: "throw", namespaces: {}, timeout: 7, apiKey: KEY } as const;
    assert.deepEqual(settingsFrom(said), { ...said, url: NOWHERE });
  });

  it("has to say that the engine throws before a mode that leans on it is taken", () => {
    process.env["SESSIONING_URL"] = NOWHERE;
    for (const [mode, needs] of [["error", false], ["empty", false], ["throw", false], ["guarded", true]] as const) {
      process.env["SESSIONING_UNKNOWN_SESSION"] = mode;
      for (const stated of [undefined, "false", "true"]) {
        if (stated === undefined) delete process.env["SESSIONING_ENGINE_THROWS"];
        else process.env["SESSIONING_ENGINE_THROWS"] = stated;
        if (needs && stated !== "true") {
          assert.throws(() => new SessioningConcept(database("a")), (error: Error) => {
            assert.ok(error instanceof SessionServiceError);
            assert.match(error.message, /"guarded".*Missing binding.*SESSIONING_ENGINE_THROWS=true.*set throw or empty/);
            return true;
          });
        } else {
          assert.ok(new SessioningConcept(database("a")));
        }
      }
    }
    assert.ok(new (sessioningConcept({ unknownSession: "guarded", engineThrows: true }))(database("a")));
    assert.throws(() => new (sessioningConcept({ engineThrows: false }))(database("a")), /"guarded"/);
  });

  const malformed: [ConceptOptions, RegExp][] = [
    [{ url: "localhost:7377" }, /SESSIONING_URL is no address/],
    [{ url: "http://me:hunter2@localhost" }, /SESSIONING_URL is no address/],
    [{ url: "http://localhost/?key=hunter2" }, /SESSIONING_URL is no address/],
    [{ apiKey: "sk_hunter2 \n" }, /SESSIONING_API_KEY is no key/],
    [{ unknownSession: "maybe" as "error" }, /"maybe"; it may be error, empty, throw, guarded/],
    [{ engineThrows: "yes" as unknown as boolean }, /SESSIONING_ENGINE_THROWS is "yes"; it may be true or false/],
    [{ timeout: 0 }, /milliseconds above 0/],
    [{ timeout: Infinity }, /milliseconds above 0/],
  ];
  for (const [options, message] of malformed) {
    it(`is refused at the start where ${Object.keys(options)} is malformed: ${message.source.slice(0, 30)}`, () => {
      assert.throws(() => make(options), (error: Error) => {
        assert.match(error.message, message);
        assert.doesNotMatch(inspect(error), /hunter2/);
        return true;
      });
    });
  }
});

describe("the namespace of a database", () => {
  it("is its name, with what a namespace may not have as .hex", () => {
    assert.equal(namespaceOf("Notes_1-test"), "Notes_1-test");
    assert.equal(namespaceOf("a b"), "a.20b");
    assert.equal(namespaceOf("café"), "caf.c3.a9");
    assert.equal(namespaceOf("a.20b"), "a.2e20b");
  });

  it("is never another one's", () => {
    const names = ["a b", "a.20b", "a.2e20b", "a20b", "A b", "a.b", "a..b", "ab", "é", "e\u0301", ".c3.a9", "c3a9"];
    assert.equal(new Set(names.map((name) => namespaceOf(name))).size, names.length);
  });

  it("is refused where it would be too long or empty", () => {
    assert.equal(namespaceOf("a".repeat(64)).length, 64);
    assert.throws(() => namespaceOf("a".repeat(65)), /1 to 64 of .* Name another one: SESSIONING_NAMESPACES/);
    assert.throws(() => namespaceOf("большая база"), SessionServiceError);
    assert.throws(() => namespaceOf(""), SessionServiceError);
  });

  it("may be named, but not one for two", () => {
    const named = { app: "default", "большая база": "base" };
    assert.equal(namespaceOf("app", named), "default");
    assert.equal(namespaceOf("большая база", named), "base");
    assert.equal(namespaceOf("test-app", named), "test-app");
    assert.throws(() => namespaceOf("default", named), /"default" and "app" would share/);
    assert.throws(() => namespaceOf("a", { a: "x", b: "x" }), /would share/);
    assert.throws(() => namespaceOf("app", { app: "no good" }), /1 to 64/);
    for (const text of ["app", "=x", "app=", "a=b=c"]) assert.throws(() => parseNamespaces(text), /DATABASE=NAMESPACE/);
  });
});

describe("answers of the real service", { skip: SKIP }, () => {
  let service: Running;
  before(async () => void (service = await startService()));
  after(() => service?.stop());

  it("are those of the original, to the letter", async () => {
    const concept = make({ url: service.url });
    const created = await concept.create({ user: "user:alice" });
    assert.deepEqual(Object.keys(created), ["session"]);
    assert.deepEqual(await concept._getUser(created), [{ user: "user:alice" }]);
    assert.deepEqual(await concept.delete(created), {});
    const error = `Session with id ${created.session} not found`;
    assert.deepEqual(await concept.delete(created), { error });
    assert.deepEqual(await concept._getUser(created), [{ error }]);
  });

  it("are given after a word about names that the concept does not know, once", async (t) => {
    const told = t.mock.method(console, "error", () => {});
    const concept = make({ url: service.url });
    const renamed = { userId: "user:alice" } as unknown as { user: string };
    for (let time = 0; time < 2; time++) assert.ok("error" in await concept.create(renamed));
    assert.equal(told.mock.callCount(), 1);
    const [text] = told.mock.calls[0]!.arguments as [string];
    assert.match(text, /called with { userId } and knows { user }/);
    assert.match(text, /override create\({ userId }: any\): any { return super\.create\({ user: userId }\); }/);
    // With names that somebody outside chose there would be no end of lines.
    for (let i = 0; i < 100; i++) await concept.create({ [`x${i}`]: "u" } as unknown as { user: string });
    await concept.create({ "a\nb": "u" } as unknown as { user: string });
    const lines = told.mock.calls.map(({ arguments: [line] }) => String(line));
    assert.ok(lines.length <= 20, `${lines.length} lines`);
    assert.ok(!lines.some((line) => line.includes("a\nb")));
    const Renamed = class extends sessioningConcept({ url: service.url }) {
      override create({ userId }: any): any { return super.create({ user: userId }); }
    };
    assert.ok("session" in await new Renamed({ databaseName: "app" }).create(renamed));
  });

  it("to a logout that was done already are that it is done, in the modes that throw", async () => {
    for (const unknownSession of ["error", "empty", "throw", "guarded"] as const) {
      const concept = make({ url: service.url, unknownSession });
      const created = await concept.create({ user: "user:alice" });
      assert.deepEqual(await concept.delete(created), {});
      const throws = unknownSession === "throw" || unknownSession === "guarded";
      const again = throws ? {} : { error: `Session with id ${created.session} not found` };
      assert.deepEqual(await concept.delete(created), again, unknownSession);
      const neverSent = await concept.delete({ session: "\ud800" });
      assert.deepEqual(neverSent, throws ? {} : { error: "Session with id \ud800 not found" }, unknownSession);
    }
  });

  for (const mode of ["error", "guarded", "empty", "throw"] as const) {
    it(`are given after a word about an engine that goes on without a value, where that matters: ${mode}`, async (t) => {
      const told = t.mock.method(console, "error", () => {});
      const concept = make({ url: service.url, unknownSession: mode });
      await concept.delete({} as { session: string });
      assert.equal(told.mock.callCount(), 0);
      for (let time = 0; time < 2; time++) await concept.delete({ session: undefined as unknown as string });
      const lines = told.mock.calls.map(({ arguments: [line] }) => String(line));
      assert.equal(lines.length, mode === "error" || mode === "guarded" ? 1 : 0);
      for (const line of lines) {
        assert.match(line, /^Sessioning\.delete was called with { session: undefined }/);
        assert.match(line, new RegExp(`SESSIONING_UNKNOWN_SESSION is ${mode}.* Set it to empty or throw`));
      }
    });
  }

  const odd: [unknown, string][] = [
    ["made-up", "made-up"],
    ["", ""],
    [undefined, "undefined"],
    [null, "null"],
    [12, "12"],
    [{ $ne: null }, "[object Object]"],
    [[1, ["a"]], "1,a"],
    [{ toString: 1, valueOf: 1 }, "[object Object]"],
    [{ toJSON: () => "x" }, "[object Object]"],
    [1e400, "Infinity"],
    ["\ud800", "\ud800"],
    ["a".repeat(200_000), "a".repeat(200_000)],
  ];
  for (const [session, text] of odd) {
    it(`to the session ${inspect(session).slice(0, 40)} are that there is none`, async () => {
      const concept = make({ url: service.url });
      const error = `Session with id ${text} not found`;
      assert.deepEqual(await concept._getUser({ session: session as string }), [{ error }]);
      assert.deepEqual(await concept.delete({ session: session as string }), { error });
    });
  }

  it("to a user that is none are an error, an ObjectId included, which would come back as text", async () => {
    const error = "Failed to create session: user must be a string of 1 to 256 bytes without control characters";
    const id = { toJSON: () => "665f0c6d1c9d440000a1b2c3" };
    for (const user of [undefined, null, "", 7, {}, id, "a".repeat(257), "a\nb", 1e400, "\ud800", "a".repeat(200_000)]) {
      assert.deepEqual(await make({ url: service.url }).create({ user: user as string }), { error });
    }
  });

  it("are there again after it was restarted on the same port", async () => {
    const { port } = new URL(service.url);
    const concept = make({ url: service.url });
    await concept._getUser({ session: TOKEN });
    await service.stop();
    service = await startService("--listen", `127.0.0.1:${port}`);
    assert.equal((await concept._getUser({ session: TOKEN })).length, 1);
  });

  it("do without a row where the service is set so, unless the mode throws", async () => {
    const empty = await startService("--set", "concept.unknown_session=empty");
    try {
      const rows = (unknownSession: ConceptOptions["unknownSession"] & string) =>
        make({ url: empty.url, unknownSession })._getUser({ session: TOKEN });
      for (const mode of ["error", "empty", "guarded"] as const) assert.deepEqual(await rows(mode), []);
      await assert.rejects(rows("throw"), UnknownSessionError);
    } finally {
      await empty.stop();
    }
  });
});

describe("a service with keys", { skip: SKIP }, () => {
  const folder = mkdtempSync(join(tmpdir(), "concept-keys-"));
  const may = ["--scope", "create,check"];
  const keys = { any: may, bound: [...may, "--namespace", "shop"], checks: ["--scope", "check"] };
  const known: Record<string, string> = {};
  let service: Running;

  before(async () => {
    const entries = Object.entries(keys).map(([name, flags]) => {
      const { key, toml } = newKey(...flags);
      known[name] = key;
      return toml;
    });
    writeFileSync(join(folder, "sessioning.toml"), entries.join("\n"));
    service = await startService("--config", join(folder, "sessioning.toml"));
  });
  after(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true });
  });
  const options = (name: string, more: ConceptOptions = {}) => ({ url: service.url, apiKey: known[name]!, ...more });

  it("lets in who has one", async () => {
    const created = await make(options("any")).create({ user: "user:alice" });
    assert.deepEqual(await make(options("any"))._getUser(created), [{ user: "user:alice" }]);
    assert.deepEqual(await make(options("any")).delete(created), {});
  });

  it("says what to set where there is none, or another one", async () => {
    await everyMethodFails({ url: service.url }, /wants another key \(401\)\. Set SESSIONING_API_KEY/);
    await everyMethodFails({ url: service.url, apiKey: KEY }, /wants another key/);
  });

  it("says that a key may not: its scope, or its namespace, which can be named", async () => {
    await assert.rejects(make(options("checks")).create({ user: "u" }), /the key lacks a scope/);
    await everyMethodFails(options("bound"), /bound to another namespace/);
    const named = make(options("bound", { namespaces: { notes: "shop" } }));
    const created = await named.create({ user: "user:alice" });
    assert.deepEqual(await named._getUser(created), [{ user: "user:alice" }]);
  });
});

describe("a guarded row", () => {
  let service: Pretender;
  let row: Record<string, unknown>;
  const error = `Session with id ${TOKEN} not found`;

  before(async () => void (service = await pretend((_, response) => response.end(JSON.stringify([{ error }])))));
  after(() => service.stop());
  const rows = () => make({ url: service.url, unknownSession: "guarded" })._getUser({ session: TOKEN });

  it("throws where a user is asked for, without the token", async () => {
    row = (await rows())[0] as unknown as Record<string, unknown>;
    const questions = [
      () => row["user"],
      () => "user" in row,
      () => Reflect.get(row, "user"),
      () => {
        const { user } = row;
        return user;
      },
      () => Object.create(row).user,
    ];
    for (const question of questions) {
      assert.throws(question, (thrown: Error) => {
        assert.ok(thrown instanceof UnknownSessionError);
        assert.ok(!inspect(thrown).includes(TOKEN));
        return true;
      }, question.toString());
    }
  });

  it("is otherwise the row of the original: to copy it or to print it asks for nothing", async () => {
    row = (await rows())[0] as unknown as Record<string, unknown>;
    assert.deepEqual({ ...row }, { error });
    assert.equal(({ ...row })["user"], undefined);
    assert.deepEqual(Object.entries(row), [["error", error]]);
    assert.equal(JSON.stringify(row), JSON.stringify({ error }));
    assert.equal(inspect(row), inspect({ error }));
    assert.equal(Object.hasOwn(row, "user"), false);
    assert.ok("error" in row && !("other" in row));
    assert.deepEqual(row, { error });
    const { error: text } = row;
    assert.equal(text, error);
  });

  it("of a known session has its user", async () => {
    const known = await pretend((_, response) => response.end('[{"user": "u"}]'));
    try {
      const [found] = await make({ url: known.url, unknownSession: "guarded" })._getUser({ session: TOKEN });
      assert.deepEqual(found, { user: "u" });
    } finally {
      await known.stop();
    }
  });
});

describe("a service that does not answer as it should", () => {
  const statuses: [number, RegExp][] = [
    [301, /answered 301/],
    [307, /answered 307/],
    [400, /\(400\)/],
    [401, /wants another key \(401\)\. Set SESSIONING_API_KEY/],
    [403, /\(403\): the key lacks a scope/],
    [404, /has no Sessioning there\. Set SESSIONING_URL/],
    [302, /answered 302/],
    [408, /answered 408/],
    [413, /answered 413/],
    [429, /\(429\)\. Set SESSIONING_API_KEY/],
    [431, /answered 431/],
    [500, /cannot reach its store/],
    [502, /answered 502/],
    [503, /cannot reach its store/],
    [504, /answered 504/],
  ];
  for (const [status, message] of statuses) {
    it(`makes every method throw what to do: ${status}`, async () => {
      const service = await pretend((request, response) => {
        response.writeHead(status, { Location: "/elsewhere" });
        request.pipe(response);
      });
      try {
        await everyMethodFails({ url: service.url, apiKey: KEY }, message);
        assert.equal(service.requests.length, METHODS.length, "followed or asked again");
      } finally {
        await service.stop();
      }
    });
  }

  it("is said to be asked again when its answer says, and at no other time", async () => {
    for (const [header, retryAfter] of [["60", 60], ["Fri, 27 Nov 2026 07:00:00 GMT", undefined], ["", undefined]] as const) {
      const service = await pretend((_, response) => response.writeHead(429, { "Retry-After": header }).end("<h1>Slow down</h1>"));
      try {
        for (const method of METHODS) {
          await assert.rejects(call(make({ url: service.url }), method), (error) =>
            error instanceof SessionServiceError && error.retryAfter === retryAfter);
        }
      } finally {
        await service.stop();
      }
    }
  });

  const bodies = ["", "<html>", "null", "[]x", "7", '{"token": "x"}', '[{"users": 1}]', '[{"user": 7}]', '[[], []]'];
  for (const body of bodies) {
    it(`makes every method throw what to do: ${body || "no body"}`, async () => {
      const service = await pretend((_, response) => response.end(body));
      try {
        await everyMethodFails({ url: service.url }, /answered what no session service does\. Set SESSIONING_URL/);
      } finally {
        await service.stop();
      }
    });
  }

  it("makes every method throw within the timeout, silent or slow", async () => {
    const silent = await pretend(() => {});
    const endless = await pretend((_, response) => response.write("["));
    try {
      for (const { url } of [silent, endless]) {
        const started = performance.now();
        await everyMethodFails({ url, timeout: 100 }, /gave no answer within 100 ms\. Look at/);
        assert.ok(performance.now() - started < 2000);
      }
      assert.equal(silent.requests.length, METHODS.length, "asked again");
    } finally {
      await Promise.all([silent.stop(), endless.stop()]);
    }
  });

  it("is asked again where the connection broke, but told nothing twice", async () => {
    const breaking = await pretend((request) => void request.socket.destroy());
    const counts: number[] = [];
    try {
      for (const method of METHODS) {
        const before = breaking.requests.length;
        await assert.rejects(call(make({ url: breaking.url }), method), SessionServiceError);
        counts.push(breaking.requests.length - before);
      }
    } finally {
      await breaking.stop();
    }
    assert.deepEqual(counts, [1, 1, 2]);
  });

  it("is said to be away when nothing listens", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await everyMethodFails({ url }, new RegExp(`the session service at ${url} cannot be reached\\. Start it, or set`));
  });
});

describe("what is sent", () => {
  it("is the key in X-Api-Key, the database as namespace, and the one field", async () => {
    const bodies: string[] = [];
    const service = await pretend(async (request, response) => {
      bodies.push((await request.toArray()).join(""));
      response.end("[]");
    });
    try {
      const Concept = sessioningConcept({ url: `${service.url}/`, apiKey: KEY });
      const input = { session: TOKEN, user: "mallory", path: "/x" };
      await new Concept(database("my notes"))._getUser(input);
    } finally {
      await service.stop();
    }
    assert.deepEqual(bodies, [JSON.stringify({ session: TOKEN })]);
    const { method, url, headers } = service.requests[0]!;
    assert.deepEqual([method, url], ["POST", "/api/Sessioning/_getUser"]);
    assert.equal(headers["x-api-key"], KEY);
    assert.equal(headers["x-session-namespace"], "my.20notes");
    assert.equal(headers.authorization, undefined);
  });
});

function database(databaseName: string): { databaseName: string } {
  return { databaseName };
}

function make(options: ConceptOptions = {}): Sessioning {
  const Concept = sessioningConcept({ url: NOWHERE, engineThrows: true, ...options });
  return new Concept(database("notes"));
}

function call(concept: Sessioning, method: typeof METHODS[number]): Promise<unknown> {
  return concept[method]({ session: TOKEN, user: "user:alice" });
}

/** Every method throws, and neither token nor key shows. */
async function everyMethodFails(options: ConceptOptions, message: RegExp): Promise<void> {
  for (const method of METHODS) {
    await assert.rejects(call(make(options), method), (error: Error) => {
      assert.ok(error instanceof SessionServiceError, inspect(error));
      assert.match(error.message, message);
      assert.match(error.message, new RegExp(`^Sessioning\\.${method}: `));
      for (const secret of [TOKEN, KEY]) assert.ok(!inspect(error, { depth: 9 }).includes(secret), inspect(error));
      return true;
    });
  }
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
