import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { SessioningClient } from "../src/index.ts";
import { answer, Between, drop, hang } from "./support/between.ts";
import { type Running, SKIP, startService } from "./support/service.ts";

const KEY = "sk_0123456789abcdef_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

describe("no token and no key shows", { skip: SKIP }, () => {
  let service: Running;
  let between: Between;

  before(async () => {
    service = await startService();
    between = await Between.start(service.url);
  });
  after(async () => {
    await between.stop();
    await service.stop();
  });

  it("in the client, or in a session with its token", async () => {
    const client = new SessioningClient({ url: service.url, apiKey: KEY });
    const plain = new SessioningClient({ url: service.url });
    const issued = await plain.create("alice");
    await plain.check(issued.token);
    for (const thing of [client, plain, issued, { issued }, [issued], { ...issued }, new Map([[1, issued]])]) shows(thing, issued.token);
  });

  it("while a check is under way", async () => {
    const client = new SessioningClient({ url: between.url, apiKey: KEY, timeout: 300 });
    const { token } = await new SessioningClient({ url: service.url }).create("alice");
    between.reset();
    between.fault = hang;
    const checking = client.check(token);
    await between.came(1);
    shows(client, token);
    await assert.rejects(checking);
  });

  it("in any error, though what answers repeats them, or a fetch of one's own shows them", async () => {
    const { token } = await new SessioningClient({ url: service.url }).create("alice");
    const foreign = "0192f0c1-2b7e-7c3e-9d55-0a1b2c3d4e5f";
    const echo = (status: number, code: string) =>
      answer(status, JSON.stringify({ code, title: `T ${token} ${foreign}`, detail: `D ${KEY} ${foreign} ${token}`, status, request_id: `${token} ${foreign}` }), "application/problem+json");
    const shout: typeof fetch = (input, init) => Promise.reject(Object.assign(new Error(inspect([input, init])), { code: token, init }));
    const client = (own?: typeof fetch) => new SessioningClient({ url: between.url, apiKey: KEY, timeout: 300, fetch: own });
    const errors: unknown[] = [];
    const collect = async (client: SessioningClient) => {
      const calls = [
        () => client.create("bob"),
        () => client.check(token),
        () => client.delete(token),
        () => client.renew(token),
        () => client.checkMany([token]),
        () => client.check(foreign),
        () => client.list(foreign),
        () => client.checkMany([foreign]),
      ];
      for (const call of calls) await call().catch((error: unknown) => errors.push(error));
    };
    for (const fault of [drop, answer(500, token, "text/plain"), echo(403, "scope_missing"), echo(401, token), echo(503, "internal"), echo(401, "step_up_required")]) {
      between.fault = fault;
      await collect(client());
    }
    await collect(client(shout));
    assert.equal(errors.length, 7 * 8);
    errors.forEach((error, index) => {
      shows(error, token);
      // What the call did not send, it cannot know to be a secret.
      if (index % 8 > 4) shows(error, foreign);
    });
  });

  it("in a URL that is asked for", async () => {
    between.reset();
    const client = new SessioningClient({ url: between.url });
    const { token } = await client.create("alice");
    between.reset();
    await client.check(token, { minLevel: 0 });
    await client.list(token);
    await client.checkMany([token]);
    await client.delete(token);
    assert.equal(between.seen.length, 4);
    for (const { path } of between.seen) assert.ok(!path.includes(token.slice(4, 20)), path);
  });

  it("but the token is there when it is asked for", async () => {
    const issued = await new SessioningClient({ url: service.url }).create("alice");
    assert.match(issued.token, /^ses_/);
    assert.deepEqual(Object.keys(issued), ["session"]);
    assert.deepEqual(JSON.parse(JSON.stringify(issued)), { session: issued.session });
  });
});

/** Fails if a thing shows the token's secret or the key, in any of the ways there are to look at it. */
function shows(thing: unknown, token: string): void {
  const { Deno, Bun } = globalThis as { Deno?: { inspect(it: unknown, options: object): string }; Bun?: { inspect(it: unknown, options?: object): string } };
  const texts = [
    String(thing),
    JSON.stringify(thing) ?? "",
    inspect(thing),
    inspect(thing, { depth: 10, showHidden: true, getters: true }),
    Deno?.inspect(thing, { depth: 10, showHidden: true, getters: true }) ?? "",
    Bun?.inspect(thing, { depth: 10 }) ?? "",
    thing instanceof Error ? `${thing.stack}${inspect(thing.cause)}` : "",
  ];
  const secret = token.slice(-20);
  for (const text of texts) {
    assert.ok(!text.includes(secret), "the token shows");
    assert.ok(!text.includes(KEY.slice(-20)), "the key shows");
  }
}
