import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { SessioningClient, SessioningRefused, StepUpRequired } from "../src/index.ts";
import { type Running, SKIP, startService } from "./support/service.ts";

describe("the client and the real service", { skip: SKIP }, () => {
  let service: Running;
  let client: SessioningClient;

  before(async () => {
    service = await startService();
    client = new SessioningClient({ url: service.url });
  });
  after(() => service.stop());

  it("logs in, tells who it is, and logs out", async () => {
    const { token, session } = await client.create("alice");
    assert.match(token, /^ses_[0-9a-f]{104}$/);
    assert.equal(session.user, "alice");
    assert.equal(await client.getUser(token), "alice");
    assert.equal((await client.check(token))?.id, session.id);
    await client.delete(token);
    assert.equal(await client.check(token), null);
    assert.equal(await client.getUser(token), null);
    await client.delete(token);
  });

  it("keeps what a session begins with", async () => {
    const { token } = await client.create("bob", {
      idle_timeout: "30m",
      authenticated: { amr: ["pwd"], level: 1 },
      metadata: { label: "laptop" },
      data: { theme: "dark" },
    });
    const session = await client.check(token);
    assert.deepEqual(session?.amr, ["pwd"]);
    assert.equal(session.metadata.label, "laptop");
    assert.deepEqual(session.data, { theme: "dark" });
    assert.equal(Date.parse(session.idle_expires_at!) - Date.parse(session.last_seen), 30 * 60_000);
  });

  it("asks without using a session", async () => {
    const { token } = await client.create("bob", { idle_timeout: "700ms" });
    let asked = 0;
    while (await client.check(token, { touch: false }) !== null) {
      const [checked] = await client.checkMany([token], { touch: false });
      assert.ok(checked!.verdict === "live" || await client.getUser(token, { touch: false }) === null);
      assert.ok(++asked < 1_000, "asking keeps it alive");
      await setTimeout(10);
    }
  });

  it("is refused data with a member named __proto__, at any depth", async () => {
    for (const text of ['{"__proto__": {"isAdmin": true}}', '{"a": [{"__proto__": null}]}']) {
      await assert.rejects(client.create("bob", { data: JSON.parse(text) as Record<string, never> }), (error) => {
        assert.ok(error instanceof SessioningRefused);
        assert.equal(error.code, "invalid_request");
        assert.match(error.message, /__proto__/);
        return true;
      });
    }
  });

  it("says null for what is no token, whatever it is", async () => {
    const { token } = await client.create("carol");
    const bad = ["", "x", "ses_", token.slice(0, -1), token.toUpperCase(), `${token} `, `${token}\r\nX-Api-Key: sk_1`, "é", "x".repeat(9_000), null, undefined];
    for (const text of bad) {
      assert.equal(await client.check(text), null);
      assert.equal(await client.list(text), null);
      assert.equal(await client.renew(text), null);
      assert.equal(await client.revoke(text, "01a213e2-bbc3-7b08-ba10-ae4dfcb60f5f"), null);
      assert.equal(await client.revokeOthers(text), null);
      await client.delete(text);
    }
    assert.equal(await client.check({ $ne: null } as unknown as string), null);
    assert.equal(await client.getUser(token), "carol");
  });

  it("lists the holder's sessions page by page, ends one of them, and all others", async () => {
    const all = [];
    for (let n = 0; n < 4; n++) all.push(await client.create("dora"));
    const stranger = await client.create("eve");
    const [first, second, third] = all;
    const page = await client.list(first!.token, { limit: 3 });
    assert.equal(page!.items.length, 3);
    const rest = await client.list(first!.token, { cursor: page!.next_cursor! });
    const listed = [...page!.items, ...rest!.items].map(({ id }) => id);
    assert.deepEqual(listed.sort(), all.map(({ session }) => session.id).sort());
    assert.equal(await client.revoke(first!.token, second!.session.id), true);
    assert.equal(await client.check(second!.token), null);
    assert.equal(await client.revoke(first!.token, stranger.session.id), false);
    assert.equal(await client.revokeOthers(first!.token), 2);
    assert.equal(await client.check(third!.token), null);
    assert.equal(await client.getUser(first!.token), "dora");
    assert.equal(await client.getUser(stranger.token), "eve");
  });

  it("takes no other text for an id, which would call something else", async () => {
    const mine = await client.create("frank");
    const other = await client.create("frank");
    for (const id of ["", ".", "..", "../..", "../sessions", "?", "#", "%2e%2e", `${other.session.id}/`]) {
      assert.equal(await client.revoke(mine.token, id), false, id);
    }
    assert.equal(await client.getUser(other.token), "frank");
    for (const user of ["", "\ud800"]) {
      await assert.rejects(client.revokeUser(user), TypeError);
    }
  });

  it("reaches every user as an operator, whatever they are called", async () => {
    for (const user of [".", "..", "../sessions", "a/b", "a\\b", "%2e", "sessions", "ü &?#"]) {
      const [first, second] = [await client.create(user), await client.create(user)];
      const { items } = await client.listUser(user, { limit: 2 });
      assert.deepEqual(items.map((item) => item.user), [user, user]);
      assert.equal(await client.revokeUser(user, { except: second.session.id }), 1, user);
      assert.equal(await client.check(first.token), null);
      assert.equal(await client.revokeUser(user), 1, user);
    }
  });

  it("renews: the old token is dead, the session the same", async () => {
    const { token, session } = await client.create("grace");
    const renewed = await client.renew(token, { authenticated: { amr: ["otp"], level: 2 } });
    assert.equal(renewed!.session.id, session.id);
    assert.equal(renewed!.session.level, 2);
    assert.equal(await client.check(token), null);
    assert.equal(await client.getUser(renewed!.token), "grace");
    assert.equal(await client.renew(token), null);
  });

  it("tells a step-up from a refusal and from not logged in", async () => {
    const { token } = await client.create("heidi", { authenticated: { level: 1 } });
    await assert.rejects(client.check(token, { minLevel: 2 }), (error) => {
      assert.ok(error instanceof StepUpRequired && error instanceof SessioningRefused);
      assert.equal(error.code, "step_up_required");
      assert.equal(error.httpStatus, 401);
      return true;
    });
    assert.equal(await client.getUser(token, { minLevel: 1, maxAge: "5m" }), "heidi");
    const [verdict] = await client.checkMany([token], { minLevel: 2 });
    assert.deepEqual(verdict, { verdict: "step_up_required", session: null });
  });

  it("checks many in order, more than the service takes at once", async () => {
    const [ivan, igor] = [await client.create("ivan"), await client.create("igor")];
    const tokens = [...Array<string>(1_100).fill(ivan.token), "x", igor.token];
    const results = await client.checkMany(tokens);
    const users = results.map(({ verdict, session }) => session?.user ?? verdict);
    assert.deepEqual(users, [...Array<string>(1_100).fill("ivan"), "session_invalid", "igor"]);
    assert.deepEqual(await client.checkMany([]), []);
  });

  it("gives each caller a session of its own", async () => {
    const { token } = await client.create("judy", { data: { n: 1 } });
    const [one, two] = await Promise.all([client.check(token), client.check(token)]);
    one!.data["n"] = 2;
    assert.equal(two!.data["n"], 1);
  });

  it("says what the service refuses, with its code and request", async () => {
    await assert.rejects(client.create("line\nbreak"), (error) => {
      assert.ok(error instanceof SessioningRefused);
      assert.equal(error.code, "invalid_user");
      assert.equal(error.httpStatus, 422);
      assert.ok(error.requestId);
      return true;
    });
  });

  it("lists and ends a user's sessions for an operator, with any name", async () => {
    for (const user of ["a/b", "ü?#%", "…", "c d"]) {
      const one = await client.create(user);
      const two = await client.create(user);
      const page = await client.listUser(user);
      assert.deepEqual(page.items.map(({ id }) => id).sort(), [one, two].map(({ session }) => session.id).sort());
      assert.equal(await client.revokeUser(user, { except: two.session.id }), 1);
      assert.equal(await client.check(one.token), null);
      assert.equal(await client.getUser(two.token), user);
    }
  });

  it("keeps namespaces apart", async () => {
    const other = new SessioningClient({ url: service.url, namespace: "other" });
    const { token } = await other.create("kim");
    assert.equal(await client.check(token), null);
    assert.equal(await other.getUser(token), "kim");
  });
});

describe("what cannot be a token", () => {
  it("is not asked about", async () => {
    const asked: string[] = [];
    const client = new SessioningClient({
      fetch: (input) => {
        asked.push(String(input));
        return Promise.reject(new Error("nothing is to be sent"));
      },
    });
    for (const text of ["", "ses_1\r\nX-Api-Key: sk_1", "ses_ 1", "é", "x".repeat(513), null, undefined, 1 as unknown as string]) {
      assert.equal(await client.check(text), null);
      assert.equal(await client.list(text), null);
      assert.equal(await client.renew(text), null);
      assert.equal(await client.revoke(text, "01a213e2-bbc3-7b08-ba10-ae4dfcb60f5f"), null);
      await client.delete(text);
    }
    assert.deepEqual(asked, []);
  });
});

describe("data with members named __proto__", () => {
  const spelt = ["__proto__", "\\u005f_proto__", "__\\u0070roto__", "_\\u005Fproto__"];
  const session = (data: string) => `{"id": "1", "user": "u", "data": ${data}}`;
  const answering = (text: string, status = 200) => new SessioningClient({
    fetch: async () => new Response(text, { status, headers: { "Content-Type": "application/json" } }),
  });

  /** Copies as applications do, by assigning. */
  function copy(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const to: Record<string, unknown> = {};
    for (const key in value) to[key] = copy((value as Record<string, unknown>)[key]);
    return to;
  }

  for (const name of spelt) {
    it(`do not reach the application, whatever it does with them: ${name}`, async () => {
      const bad = `{"a": 1, "${name}": {"isAdmin": true}, "b": {"${name}": {"isAdmin": true}}, "c": [{"${name}": {"isAdmin": true}}]}`;
      const found = session(bad);
      const pages = `{"items": [${found}], "next_cursor": null}`;
      const data = [
        (await answering(`{"session": ${found}}`).check("ses_1"))!.data,
        (await answering(`{"token": "ses_1", "session": ${found}}`, 201).create("u")).session.data,
        (await answering(`{"token": "ses_1", "session": ${found}}`).renew("ses_1"))!.session.data,
        (await answering(pages).list("ses_1"))!.items[0]!.data,
        (await answering(pages).listUser("u")).items[0]!.data,
        (await answering(`{"results": [{"verdict": "live", "session": ${found}}]}`).checkMany(["ses_1"]))[0]!.session!.data,
      ];
      for (const each of data) {
        assert.deepEqual(each, { a: 1, b: {}, c: [{}] });
        for (const copied of [Object.assign({}, each), copy(each), { ...each }, structuredClone(each)] as Record<string, any>[]) {
          assert.equal(copied["isAdmin"], undefined);
          assert.equal(copied["b"].isAdmin, undefined);
          assert.equal(copied["c"][0].isAdmin, undefined);
          assert.equal(Object.getPrototypeOf(copied), Object.prototype);
        }
      }
      assert.equal(({} as Record<string, unknown>)["isAdmin"], undefined);
    });
  }

  it("leaves every other member as it is", async () => {
    const found = await answering(`{"session": ${session('{"proto": 1, "__proto": 2, "\\u0061": 3, "constructor": "Ferrari"}')}}`).check("ses_1");
    assert.deepEqual(found!.data, { proto: 1, __proto: 2, a: 3, constructor: "Ferrari" });
  });
});

describe("the options", () => {
  it("are refused when they cannot be used, without being repeated", () => {
    const secret = "sk_0123456789abcdef_hunter2";
    for (const options of [
      { url: "127.0.0.1:7377" },
      { url: "ftp://host" },
      { url: `http://user:${secret}@host` },
      { url: `http://:${secret}@host` },
      { url: `http://${secret}@host` },
      { url: `http://host/?key=${secret}` },
      { apiKey: `${secret}\n` },
      { apiKey: "" },
      { namespace: "a b" },
      { timeout: 0 },
      { timeout: NaN },
      { timeout: Infinity },
    ]) {
      assert.throws(() => new SessioningClient(options), (error) => {
        assert.ok(error instanceof TypeError);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      }, JSON.stringify(options));
    }
  });
});
