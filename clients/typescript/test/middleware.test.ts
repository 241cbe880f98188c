import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { SessioningClient, type SessioningUnavailable } from "../src/index.ts";
import { answer, Between, drop, type Fault, hang, problem } from "./support/between.ts";
import { Browser, type Page } from "./support/browser.ts";
import { startExpress } from "./support/express_site.ts";
import { startHono } from "./support/hono_site.ts";
import { type Running, SKIP, startService } from "./support/service.ts";
import type { Site } from "./support/site.ts";

for (const [framework, startSite] of Object.entries({ Express: startExpress, Hono: startHono })) {
  describe(`the middleware of ${framework}`, { skip: SKIP }, () => {
    let service: Running;
    let between: Between;
    let direct: SessioningClient;
    let site: Site;
    let browser: Browser;
    const unavailable: SessioningUnavailable[] = [];

    before(async () => {
      service = await startService();
      between = await Between.start(service.url);
      direct = new SessioningClient({ url: service.url });
      const client = new SessioningClient({ url: between.url, timeout: 1_000 });
      site = await startSite(client, {
        onUnavailable: (error) => void unavailable.push(error),
        origins: ["https://listed.example"],
        touch: ({ path }) => path !== "/cached",
      });
    });
    beforeEach(() => {
      between.reset();
      unavailable.length = 0;
      browser = new Browser(site.url);
    });
    after(async () => {
      await site.stop();
      await between.stop();
      await service.stop();
    });

    const user = (page: Page) => (JSON.parse(page.text) as { user: string | null }).user;
    const token = async () => /__Host-session=(ses_\w+)/.exec(await browser.cookie() ?? "")?.[1] ?? "";
    const logIn = async (name = "alice") => assert.equal((await browser.post("/login", { user: name })).status, 200);

    it("lets requests without a cookie go on, without a session and without asking", async () => {
      assert.equal(user(await browser.get("/who")), null);
      assert.equal(between.seen.length, 0);
    });

    it("sets the cookie at login, knows the user by it, and clears it at logout", async () => {
      const page = await browser.post("/login", { user: "alice" });
      assert.deepEqual(JSON.parse(page.text), { user: "alice", now: "alice" });
      const own = page.setCookies.filter((cookie) => cookie.startsWith("__Host-session="));
      assert.equal(own.length, 1);
      const month = 30 * 24 * 60 * 60;
      assert.equal(own[0], `__Host-session=${await token()}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${month}`);
      assert.match(page.setCookies.join(), /theme=dark/);
      assert.equal(user(await browser.get("/who")), "alice");
      assert.equal((await browser.get("/private")).text, "alice");

      const old = await token();
      const out = await browser.post("/logout");
      assert.deepEqual(JSON.parse(out.text), { now: null });
      assert.deepEqual(out.setCookies, ["__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"]);
      assert.equal(await token(), "");
      assert.equal(await direct.check(old), null);
      assert.equal(user(await browser.get("/who")), null);
    });

    it("asks once a request", async () => {
      await logIn();
      between.seen.length = 0;
      await browser.get("/private");
      assert.deepEqual(between.seen.map(({ method, path }) => `${method} ${path}`), ["GET /v1/session"]);
    });

    it("asks without using the session where it was told to", async () => {
      await logIn();
      between.seen.length = 0;
      await browser.get("/cached");
      await browser.get("/cached?touch=true");
      await browser.get("/private");
      assert.deepEqual(between.seen.map(({ path }) => path), ["/v1/session?touch=false", "/v1/session?touch=false", "/v1/session"]);
    });

    it("does not know a revoked session, and leaves its cookie alone", async () => {
      await logIn();
      await direct.delete(await token());
      const page = await browser.get("/who");
      assert.equal(user(page), null);
      assert.deepEqual(page.setCookies, []);
    });

    it("answers 401 where a session is required", async () => {
      const page = await browser.get("/private");
      assert.equal(page.status, 401);
      assert.ok(page.headers["www-authenticate"]);
      await browser.plant("__Host-session=ses_made_up; Path=/; Secure");
      assert.equal((await browser.get("/private")).status, 401);
    });

    it("refuses two different cookies of the name, and one that a client made", async () => {
      await logIn();
      const one = await token();
      const with_ = (cookie: string) => browser.get("/who", { Cookie: cookie });
      assert.equal(user(await with_(`__Host-session=${one}`)), "alice");
      assert.equal(user(await with_(`__Host-session=${one}; __Host-session=${one}`)), "alice", "one token twice is one token");
      for (const bad of [
        `__Host-session=; __Host-session=${one}`,
        `__host-session=${one}`,
        `__Host-session="${one}"`,
        `__Host-session=%73${one.slice(1)}`,
        `x__Host-session=${one}`,
        `__Host-session =${one}`,
        "__Host-session=ses_00000000000000000000000000000000",
      ]) {
        assert.equal(user(await with_(bad)), null, bad.replaceAll(one, "…"));
      }
    });

    it("ends the session that the browser came with when it logs in again", async () => {
      await logIn();
      const old = await token();
      await logIn("bob");
      assert.equal(await direct.check(old), null);
      assert.equal(user(await browser.get("/who")), "bob");
    });

    it("renews: a new cookie, and the old token is dead", async () => {
      await logIn();
      const old = await token();
      const page = await browser.post("/renew");
      assert.deepEqual(JSON.parse(page.text), { level: 2 });
      assert.notEqual(await token(), old);
      assert.equal(await direct.check(old), null);
      assert.equal(user(await browser.get("/who")), "alice");
      const nobody = await new Browser(site.url).post("/renew");
      assert.deepEqual(JSON.parse(nobody.text), { level: null });
      assert.deepEqual(nobody.setCookies, []);
    });

    it("hands over the renewed token although the handler failed afterwards", async () => {
      await logIn();
      assert.equal((await browser.post("/renew-and-fail")).status, 500);
      assert.equal(user(await browser.get("/who")), "alice");
    });

    it("gives handlers the token for further calls", async () => {
      await logIn("carol");
      await direct.create("carol", { metadata: { label: "phone" } });
      assert.deepEqual((JSON.parse((await browser.get("/devices")).text) as string[]).sort(), ["phone", "test"]);
      assert.equal((await new Browser(site.url).get("/devices")).text, "null");
    });

    it("says to caches that answers depend on the cookie, and are not to be kept", async () => {
      for (const path of ["/who", "/private", "/nothing-there"]) {
        const { headers } = await browser.get(path);
        assert.equal(headers["cache-control"], "no-store", path);
        assert.match(String(headers["vary"]), /\bCookie\b/, path);
      }
      const cached = await browser.get("/cached");
      assert.equal(cached.headers["cache-control"], "private, max-age=60");
      assert.equal(cached.headers["vary"], "Accept, Cookie");
      const raw = await browser.get("/raw");
      assert.equal(raw.headers["cache-control"], "no-store");
      assert.equal(raw.headers["vary"], "Accept, Cookie");
      assert.deepEqual(raw.setCookies, ["a=1"]);
      const login = await browser.post("/login-cached");
      assert.equal(login.headers["cache-control"], "no-store");
      assert.equal(user(await browser.get("/who")), "alice");
    });

    it("refuses what another origin makes the browser send with the cookie", async () => {
      await logIn();
      const own = new URL(site.url).host;
      const good: Record<string, string>[] = [
        { "Sec-Fetch-Site": "same-origin" },
        { "Sec-Fetch-Site": "none" },
        { Origin: site.url },
        { Origin: `https://${own}` },
        { Origin: "https://listed.example", "Sec-Fetch-Site": "cross-site" },
        // No browser's.
        {},
      ];
      const bad: Record<string, string>[] = [
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site" },
        { "Sec-Fetch-Site": "cross-site", Origin: site.url },
        { "Sec-Fetch-Site": "" },
        { Origin: "https://evil.example" },
        { Origin: "null" },
        { Origin: "" },
        { Origin: "http://127.0.0.1" },
        { Origin: `${site.url}.evil.example` },
        { Origin: `http://evil@${own}` },
        { Origin: "https://listed.example.evil.example" },
      ];
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        for (const headers of good) {
          assert.notEqual((await browser.go("/who", { method, headers })).status, 403, `${method} ${JSON.stringify(headers)}`);
        }
        for (const headers of bad) {
          const page = await browser.go("/who", { method, headers });
          assert.equal(page.status, 403, `${method} ${JSON.stringify(headers)}`);
          assert.deepEqual(page.setCookies, []);
        }
      }
      assert.equal((await browser.go("/logout", { method: "POST", headers: bad[0]! })).status, 403);
      for (const headers of bad) assert.equal(user(await browser.get("/who", headers)), "alice");
      // Without the cookie there is nothing to abuse, but for the form that logs in.
      const stranger = new Browser(site.url);
      for (const headers of bad) {
        assert.equal((await stranger.go("/who", { method: "POST", headers })).status, 200);
        assert.equal((await stranger.go("/login", { method: "POST", headers, form: { user: "eve" } })).status, 403);
      }
      for (const headers of good) {
        const page = await new Browser(site.url).go("/login", { method: "POST", headers, form: { user: "eve" } });
        assert.equal(page.status, 200, JSON.stringify(headers));
      }
    });

    const faults: Record<string, Fault> = {
      "is gone": drop,
      "does not answer": hang,
      "fails": problem(503, "store_unavailable", { "Retry-After": "7" }),
      "limits the rate": problem(429, "rate_limited", { "Retry-After": "7" }),
      "is behind a proxy that limits the rate": answer(429, "<h1>Slow down</h1>", "text/html", { "Retry-After": "7" }),
      "is another program": answer(401, "<h1>Log in</h1>", "text/html"),
      "is behind a proxy that redirects to a login": answer(302, "", "text/html", { Location: "https://login.example/" }),
      ...Object.fromEntries([403, 404, 408, 413, 431, 502, 504].map((status) =>
        [`is behind a proxy that answers ${status}`, answer(status, "<h1>No</h1>", "text/html")])),
    };
    for (const [name, fault] of Object.entries(faults)) {
      it(`answers 503 and clears no cookie when the service ${name}`, async () => {
        await logIn();
        const cookie = await browser.cookie();
        between.fault = fault;
        for (const path of ["/who", "/private"]) {
          const page = await browser.get(path);
          assert.equal(page.status, 503);
          assert.equal(page.headers["retry-after"], /fails|limits/.test(name) ? "7" : "1");
          assert.equal(page.headers["cache-control"], "no-store");
          assert.deepEqual(page.setCookies, []);
        }
        assert.equal(unavailable.length, 2);
        assert.equal((await new Browser(site.url).get("/who")).status, 200);
        between.reset();
        assert.equal(await browser.cookie(), cookie);
        assert.equal(user(await browser.get("/who")), "alice");
      });
    }

    it("answers 503 to a login and a logout that fail, and keeps the cookie", async () => {
      await logIn();
      const cookie = await browser.cookie();
      const only = (method: string): Fault => (res, seen, next) => seen.method === method ? drop(res, seen, next) : next();
      between.fault = only("DELETE");
      for (const path of ["/logout", "/login"]) {
        const page = await browser.post(path, { user: "bob" });
        assert.equal(page.status, 503, path);
        assert.equal(page.headers["retry-after"], "1");
        assert.deepEqual(page.setCookies, []);
      }
      between.fault = undefined;
      assert.equal(await browser.cookie(), cookie);
      assert.equal(user(await browser.get("/who")), "alice");
      between.fault = only("POST");
      const stranger = new Browser(site.url);
      const page = await stranger.post("/login", { user: "bob" });
      assert.equal(page.status, 503);
      assert.deepEqual(page.setCookies, []);
    });

    it("makes no 401 of a bad API key: the application's fault is no logout", async () => {
      await logIn();
      between.fault = problem(401, "api_key_invalid");
      const page = await browser.get("/private");
      assert.equal(page.status, 500);
      assert.deepEqual(page.setCookies, []);
      between.fault = undefined;
      assert.equal((await browser.get("/private")).status, 200);
    });

    it("says so when a helper is used without it", async () => {
      assert.equal((await browser.get("/unguarded")).status, 500);
    });

    it("takes other cookies, and plain HTTP for development", async () => {
      const client = new SessioningClient({ url: service.url });
      const plain = await startSite(client, { cookie: { secure: false, name: "sid", sameSite: "Strict", path: "/" } });
      try {
        const browser = new Browser(plain.url);
        const page = await browser.post("/login", { user: "alice" });
        assert.match(page.setCookies.join(), /sid=ses_\w+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=/);
        assert.equal(user(await browser.get("/who")), "alice");
        await browser.post("/logout");
        assert.doesNotMatch(await browser.cookie() ?? "", /sid/);
      } finally {
        await plain.stop();
      }
    });
  });
}

for (const [framework, startSite] of Object.entries({ Express: startExpress, Hono: startHono })) {
  describe(`the cookie of the middleware of ${framework}, in several scopes`, { skip: SKIP }, () => {
    const HOST = "app.shop.example.com";
    let service: Running;
    let direct: SessioningClient;
    let wide: Site;
    let narrow: Site;
    let browser: Browser;

    before(async () => {
      service = await startService();
      direct = new SessioningClient({ url: service.url });
      wide = await startSite(direct, { cookie: { secure: false, name: "sid", domain: "shop.example.com" } });
      narrow = await startSite(direct, { cookie: { secure: false, name: "sid" } });
    });
    beforeEach(() => void (browser = new Browser(at(narrow))));
    after(() => Promise.all([wide.stop(), narrow.stop(), service.stop()]));

    const at = (site: Site, path = "") => `http://${HOST}:${new URL(site.url).port}${path}`;
    const logIn = async (site: Site, user: string) =>
      assert.equal((await browser.post(at(site, "/login"), { user })).status, 200);
    const user = async (site: Site, path = "/who") =>
      (JSON.parse((await browser.get(at(site, path))).text) as { user: string | null }).user;
    const tokens = async (path = "/") => [...(await browser.cookie(path) ?? "").matchAll(/sid=(\w*)/g)].map(([, token]) => token!);

    it("is one after a login that narrows it, and after one that widens it", async () => {
      for (const [from, to] of [[wide, narrow], [narrow, wide]] as const) {
        browser = new Browser(at(narrow));
        await logIn(from, "alice");
        // The session has ended; the browser still has its cookie.
        await direct.delete((await tokens())[0]);
        await logIn(to, "bob");
        assert.equal((await tokens()).length, 1);
        assert.equal(await user(to), "bob");
      }
    });

    it("is renewed in its own scope, and leaves no old one in the other", async () => {
      await logIn(wide, "alice");
      await browser.post(at(narrow, "/renew"));
      assert.equal((await tokens()).length, 1);
      assert.equal(await user(narrow), "alice");
    });

    const planted = ["Domain=example.com; Path=/", "Domain=shop.example.com; Path=/", `Domain=${HOST}; Path=/who`, "Domain=example.com; Path=/who"];
    for (const scope of planted) {
      it(`is removed with one that somebody planted (${scope}), and after one login all is well`, async () => {
        await logIn(narrow, "alice");
        await browser.plant(`sid=ses_planted; ${scope}`, at(narrow, "/who"));
        assert.equal((await tokens("/who")).length, 2);
        const page = await browser.get("/who");
        assert.equal((JSON.parse(page.text) as { user: string | null }).user, null, "refusing stays right");
        assert.equal(page.headers["cache-control"], "no-store");
        assert.deepEqual(await tokens("/who"), []);
        await logIn(narrow, "alice");
        assert.equal(await user(narrow), "alice");
        assert.equal((await tokens("/who")).length, 1);
      });
    }

    it("is gone in every scope after a logout, with the sessions of all", async () => {
      await logIn(narrow, "alice");
      const other = await direct.create("alice");
      await browser.plant(`sid=${other.token}; Domain=example.com; Path=/`);
      const both = await tokens();
      assert.equal(both.length, 2);
      assert.equal((await browser.post("/logout")).status, 200);
      assert.deepEqual(await tokens(), []);
      for (const token of both) assert.equal(await direct.check(token), null);
    });

    it("ends the sessions of cookies that differ at a login, too", async () => {
      await logIn(narrow, "alice");
      await browser.plant("sid=ses_planted; Domain=example.com; Path=/");
      const [old] = (await tokens()).filter((token) => token !== "ses_planted");
      await logIn(narrow, "alice");
      assert.equal(await direct.check(old), null);
      assert.equal(await user(narrow), "alice");
    });

    it("says which domain a proxy in front was asked for", async () => {
      const cookie = "sid=ses_1; sid=ses_2";
      const { setCookies } = await browser.get("/who", { Cookie: cookie, Host: "inner:8080", "X-Forwarded-Host": `${HOST}, inner` });
      const domains = setCookies.map((cookie) => /Domain=([^;]*)/.exec(cookie)?.[1]);
      assert.deepEqual([...new Set(domains)], [HOST, "shop.example.com", "example.com", undefined]);
    });
  });
}

describe("the middleware of Express", { skip: SKIP }, () => {
  it("logs nobody in once the answer has begun", async () => {
    const service = await startService();
    const site = await startExpress(new SessioningClient({ url: service.url }));
    try {
      const page = await new Browser(site.url).get("/late");
      assert.match(page.text, /^begunthe answer has begun/);
    } finally {
      await site.stop();
      await service.stop();
    }
  });
});
