import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import { type IssuedSession, SessioningClient, SessioningRefused, SessioningUnavailable } from "../src/index.ts";
import { answer, Between, drop, type Fault, hang, problem } from "./support/between.ts";
import { type Running, SKIP, startService } from "./support/service.ts";

const HTML = answer(200, "<h1>Welcome to the hotel</h1>", "text/html");

describe("a client whose service fails", { skip: SKIP }, () => {
  let service: Running;
  let between: Between;
  let client: SessioningClient;
  let alice: IssuedSession;

  before(async () => {
    service = await startService();
    between = await Between.start(service.url);
    client = new SessioningClient({ url: between.url, timeout: 5_000 });
    alice = await client.create("alice");
  });
  beforeEach(() => between.reset());
  after(async () => {
    await between.stop();
    await service.stop();
  });

  /** Every call there is. */
  const calls = (client: SessioningClient): Record<string, () => Promise<unknown>> => ({
    create: () => client.create("bob"),
    check: () => client.check(alice.token),
    getUser: () => client.getUser(alice.token),
    delete: () => client.delete(alice.token),
    list: () => client.list(alice.token),
    revoke: () => client.revoke(alice.token, alice.session.id),
    revokeOthers: () => client.revokeOthers(alice.token),
    renew: () => client.renew(alice.token),
    checkMany: () => client.checkMany([alice.token]),
    listUser: () => client.listUser("alice"),
    revokeUser: () => client.revokeUser("alice"),
  });

  const faults: Record<string, Fault> = {
    "closes the connection": drop,
    "answers 500": answer(500, "oops", "text/plain"),
    "answers 500 as the service does": problem(500, "internal"),
    "is overloaded": problem(503, "overloaded", { "Retry-After": "60" }),
    "limits the rate": problem(429, "rate_limited", { "Retry-After": "60" }),
    "is a web page": HTML,
    "answers with JSON of something else": answer(200, "{}", "application/json"),
    "answers created with JSON of something else": answer(201, '{"token": ""}', "application/json"),
    "answers with half a session": answer(200, '{"session": {"id": "1"}}', "application/json"),
    "answers with half the JSON": answer(200, '{"session": {"id": "1", "user": "al', "application/json"),
    "says 401 in other words": answer(401, "Unauthorized", "text/plain"),
    "says 401 in JSON of its own": answer(401, '{"code": "session_invalid", "title": "no", "status": 401}', "application/json"),
    "says 401 in a problem of its own": answer(401, '{"title": "no", "status": 401}', "application/problem+json"),
    "says session_invalid with another status": answer(403, '{"code": "session_invalid", "title": "no", "status": 401}', "application/problem+json"),
    "says 404": answer(404, "Not Found", "text/plain"),
  };

  for (const [name, fault] of Object.entries(faults)) {
    it(`is "unavailable", never "not logged in", when it ${name}`, async () => {
      between.fault = fault;
      for (const [call, run] of Object.entries(calls(client))) {
        await assert.rejects(run(), (error) => {
          assert.ok(error instanceof SessioningUnavailable, `${call}: ${String(error)}`);
          return true;
        }, call);
      }
    });
  }

  it("is null for the service's own session_invalid alone; any other problem below 500 is a refusal", async () => {
    between.fault = problem(401, "session_invalid");
    assert.equal(await client.check(alice.token), null);
    assert.equal(await client.renew(alice.token), null);
    await assert.rejects(client.create("bob"), SessioningRefused);
    for (const [status, code] of [[401, "api_key_invalid"], [403, "session_invalid"], [403, "scope_missing"], [422, "limit_reached"], [418, "new_code"]] as const) {
      between.fault = problem(status, code);
      for (const [call, run] of Object.entries(calls(client))) {
        await assert.rejects(run(), (error) => {
          assert.ok(error instanceof SessioningRefused, call);
          assert.equal(error.code, code);
          assert.equal(error.httpStatus, status);
          return true;
        }, call);
      }
    }
  });

  it("does not follow a redirect, which would carry the token elsewhere", async () => {
    let asked = 0;
    const elsewhere = createServer((_, res) => {
      asked++;
      res.writeHead(200, { "Content-Type": "application/json" }).end("{}");
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const { port } = elsewhere.address() as { port: number };
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        between.fault = answer(status, "", "text/plain", { Location: `http://127.0.0.1:${port}/` });
        for (const [call, run] of Object.entries(calls(client))) {
          await assert.rejects(run(), SessioningUnavailable, `${call} ${status}`);
        }
      }
      assert.equal(asked, 0);
    } finally {
      await new Promise((resolve) => elsewhere.close(resolve));
    }
  });

  it("gives up after the timeout, tries included", async () => {
    const hasty = new SessioningClient({ url: between.url, timeout: 200 });
    between.fault = hang;
    await Promise.all(Object.entries(calls(hasty)).map(async ([call, run]) => {
      const began = performance.now();
      await assert.rejects(run(), (error) => error instanceof SessioningUnavailable && /within 200 ms/.test(error.message), call);
      const took = performance.now() - began;
      assert.ok(took >= 150 && took < 2_500, `${call} took ${took} ms`);
    }));
  });

  it("gives up after the timeout in the middle of a body, and with a fetch that heeds no signal", async () => {
    const hasty = new SessioningClient({ url: between.url, timeout: 200 });
    between.fault = (res) => void res.writeHead(200, { "Content-Type": "application/json" }).write("{");
    await assert.rejects(hasty.check(alice.token), SessioningUnavailable);
    const deaf = new SessioningClient({ url: between.url, timeout: 200, fetch: () => new Promise(() => {}) });
    await assert.rejects(deaf.check(alice.token), SessioningUnavailable);
  });

  it("does not wait for a Retry-After that the timeout will not outlast", async () => {
    between.fault = problem(503, "store_unavailable", { "Retry-After": "60" });
    const began = performance.now();
    await assert.rejects(client.check(alice.token), (error) => error instanceof SessioningUnavailable && error.retryAfter === 60);
    assert.ok(performance.now() - began < 4_000);
    assert.equal(between.seen.length, 1);
  });

  it("tries three times where that is safe, and once where it is not", async () => {
    between.fault = answer(502, "", "text/plain");
    const tries: Record<string, number> = {};
    for (const [call, run] of Object.entries(calls(client))) {
      between.seen.length = 0;
      await assert.rejects(run());
      tries[call] = between.seen.length;
    }
    assert.deepEqual(tries, {
      create: 1, check: 3, getUser: 3, delete: 3, list: 3, revoke: 1, revokeOthers: 1, renew: 1, checkMany: 3, listUser: 3, revokeUser: 1,
    });
  });

  it("comes through two faults, and not through an error that will not pass", async () => {
    const twice = (fault: Fault): Fault => (res, seen, next) => between.seen.length <= 2 ? fault(res, seen, next) : next();
    for (const fault of [drop, answer(503, "", "text/plain"), problem(503, "store_unavailable", { "Retry-After": "0" })]) {
      between.seen.length = 0;
      between.fault = twice(fault);
      assert.equal(await client.getUser(alice.token), "alice");
      assert.equal(between.seen.length, 3);
    }
    between.seen.length = 0;
    between.fault = problem(500, "internal");
    await assert.rejects(client.check(alice.token), SessioningUnavailable);
    assert.equal(between.seen.length, 1);
  });

  it("says where nothing listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const lost = new SessioningClient({ url: `http://127.0.0.1:${port}` });
    await assert.rejects(lost.check(alice.token), (error) => {
      assert.ok(error instanceof SessioningUnavailable);
      assert.match(error.message, new RegExp(`http://127.0.0.1:${port} cannot be reached`));
      return true;
    });
  });
});

describe("checks at one time", { skip: SKIP }, () => {
  let service: Running;
  let between: Between;
  let client: SessioningClient;
  let token: string;

  before(async () => {
    service = await startService();
    between = await Between.start(service.url);
    client = new SessioningClient({ url: between.url });
  });
  beforeEach(async () => {
    between.reset();
    ({ token } = await client.create("alice"));
    between.reset();
  });
  after(async () => {
    await between.stop();
    await service.stop();
  });

  /** Holds requests back until they are let go. */
  function hold(): { release(): void } {
    const waiting: (() => void)[] = [];
    between.fault = (_, __, next) => void waiting.push(next);
    return {
      release() {
        between.fault = undefined;
        for (const next of waiting.splice(0)) next();
      },
    };
  }

  it("of one token share one request; of another token, or with another demand, they do not", async () => {
    const other = await client.create("bob");
    between.reset();
    const held = hold();
    const checks = Promise.all([
      ...Array.from({ length: 20 }, () => client.getUser(token)),
      client.getUser(other.token),
      client.getUser(token, { maxAge: "5m" }),
    ]);
    await between.came(3);
    held.release();
    assert.deepEqual(await checks, [...Array<string>(20).fill("alice"), "bob", "alice"]);
    assert.equal(between.seen.length, 3);
    await client.check(token);
    assert.equal(between.seen.length, 4);
  });

  it("are not failed by the one whose caller gives up, and end when all have", async () => {
    const held = hold();
    const [first, second] = [new AbortController(), new AbortController()];
    const one = client.check(token, { signal: first.signal });
    const two = client.getUser(token, { signal: second.signal });
    const three = client.getUser(token);
    await between.came(1);
    first.abort(new Error("enough"));
    await assert.rejects(one, /enough/);
    held.release();
    assert.deepEqual(await Promise.all([two, three]), ["alice", "alice"]);
    assert.equal(between.seen.length, 1);

    hold();
    const third = new AbortController();
    const alone = client.check(token, { signal: third.signal });
    await between.came(2);
    third.abort();
    await assert.rejects(alone, { name: "AbortError" });
    between.fault = undefined;
    assert.equal(await client.getUser(token), "alice");
    assert.equal(between.seen.length, 3);
    await assert.rejects(client.check(token, { signal: third.signal }), { name: "AbortError" });
    assert.equal(between.seen.length, 3);
  });

  for (const [name, write] of Object.entries({
    delete: () => client.delete(token),
    renew: () => client.renew(token),
    revokeUser: () => client.revokeUser("alice"),
  })) {
    it(`that begin after a ${name} do not share what began before it`, async () => {
      let early: (() => void) | undefined;
      // What the service said before the write arrives after it.
      between.fault = (res, _, next) => {
        early = () => void res.writeHead(200, { "Content-Type": "application/json" }).end('{"session": {"id": "1", "user": "ghost"}}');
        between.fault = undefined;
        void next;
      };
      const before = client.getUser(token);
      await between.came(1);
      const writing = write();
      const during = client.getUser(token);
      await writing;
      const later = client.getUser(token);
      early!();
      assert.equal(await before, "ghost");
      assert.equal(await later, null);
      assert.notEqual(await during, "ghost");
    });
  }

  it("that begin once a delete is acknowledged do not share one that began meanwhile", async () => {
    const held: Record<string, () => void> = {};
    between.fault = (res, { method }, next) => {
      const ghost = () => void res.writeHead(200, { "Content-Type": "application/json" }).end('{"session": {"id": "1", "user": "ghost"}}');
      held[method] = method === "DELETE" ? next : ghost;
    };
    const deleting = client.delete(token);
    await between.came(1);
    const meanwhile = client.getUser(token);
    await between.came(2);
    between.fault = undefined;
    held["DELETE"]!();
    await deleting;
    const later = client.getUser(token);
    held["GET"]!();
    assert.equal(await later, null);
    assert.equal(await meanwhile, "ghost");
  });
});
