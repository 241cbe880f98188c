import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Browser, type Page } from "./support/browser.ts";
import { REPOSITORY, ROOT, type Running, SKIP, skipUnless, start, startService } from "./support/service.ts";

const TEMPORARY = mkdtempSync(join(tmpdir(), "sessioning-examples-"));
const PLAYER = join(REPOSITORY, "tests", "browser");
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const SKIP_CHROMIUM = skipUnless(existsSync(CHROMIUM), `no ${CHROMIUM}, which CHROMIUM names`) ||
  skipUnless(existsSync(join(PLAYER, "node_modules", "playwright-core")), `no playwright-core; npm ci in ${PLAYER} installs it`);

const SAME_ORIGIN = { "Sec-Fetch-Site": "same-origin" };

after(() => rmSync(TEMPORARY, { recursive: true, force: true }));

for (const name of ["express-login", "hono-login"]) {
  describe(`the example ${name}`, { skip: SKIP }, () => {
    let service: Running;
    let site: Running;
    const folder = join(TEMPORARY, name);

    before(async () => {
      install(name, folder);
      service = await startService();
      site = await startSite(folder, service);
    });
    after(() => Promise.all([site?.stop(), service?.stop()]));

    /** Somebody with a browser that calls itself this, logged in. */
    const visit = async (user: string, agent = "a browser") => {
      const browser = new Browser(site.url);
      const into = await browser.post("/login", { name: user }, { ...SAME_ORIGIN, "User-Agent": agent });
      assert.equal(into.status, 303);
      assert.match(into.setCookies.join(), /^session=ses_\w+; Path=\/; HttpOnly; SameSite=Lax/);
      return browser;
    };
    const isIn = async (browser: Browser) => (await browser.get("/private")).status === 200;

    it("logs in whatever the browser calls itself", async () => {
      const carol = await visit("carol", `Mozilla\t${"long ".repeat(300)}\u0085`);
      assert.match((await carol.get("/")).text, /Mozilla\uFFFDlong [^<]*…/);
    });

    it("answers a login without a name, or with one that no user has, with a message", async () => {
      for (const form of [{}, { name: "" }, { name: "a\u0000b" }, { name: "a".repeat(300) }]) {
        const answer = await new Browser(site.url).post("/login", form, SAME_ORIGIN);
        assert.equal(answer.status, 400);
        assert.match(answer.text, /<p role="alert">A name has 1 to 64 characters\.<\/p>/);
        assert.equal(answer.setCookies.length, 0);
      }
    });

    it("shows all devices, however many pages they are", async () => {
      const first = await visit("many", "the first");
      for (let number = 0; number < 104; number += 8) {
        await Promise.all(Array.from({ length: 8 }, (_, more) => visit("many", `device ${number + more}`)));
      }
      assert.equal(devices(await first.get("/")).size, 105);
    });

    it("answers in JSON who accepts that, and in text whoever else", async () => {
      const ask = (accept: string) => new Browser(site.url).get("/private", { Accept: accept });
      for (const accept of ["application/json", "application/problem+json, */*;q=0.1"]) {
        const answer = await ask(accept);
        assert.deepEqual([answer.status, JSON.parse(answer.text)], [401, { error: "Not logged in" }]);
        assert.match(String(answer.headers["content-type"]), /^application\/json/);
      }
      for (const accept of ["*/*", "text/html,application/xhtml+xml,*/*", "text/html, application/json"]) {
        assert.equal((await ask(accept)).text, "Not logged in\n");
      }
    });

    it("logs in, shows who it is, keeps others out, and logs out", async () => {
      const stranger = new Browser(site.url);
      assert.match((await stranger.get("/")).text, /<h1>Who are you\?<\/h1>/);
      assert.equal((await stranger.get("/private")).status, 401);
      const alice = await visit("alice");
      assert.match((await alice.get("/")).text, /<h1>Hello, alice<\/h1>/);
      assert.equal((await alice.get("/private")).text, "For alice alone\n");
      assert.equal((await alice.post("/logout")).status, 303);
      assert.match((await alice.get("/")).text, /<h1>Who are you\?<\/h1>/);
    });

    it("shows names and browsers as text, whatever they are called", async () => {
      const page = await (await visit("<b>'eve\"&", "<script>alert(1)</script>")).get("/");
      assert.match(String(page.headers["content-type"]), /^text\/html/);
      assert.doesNotMatch(page.text, /<b>|<script|'eve|eve"/);
      assert.deepEqual(headings(page), ["Hello, <b>'eve\"&", "Your devices"]);
      assert.deepEqual([...devices(page).keys()], ["<script>alert(1)</script>"]);
      const plain = await (await visit("<b>eve")).get("/private");
      assert.match(String(plain.headers["content-type"]), /^text\/plain/);
    });

    it("lists a user's devices, and logs out one of them, or all others", async () => {
      const [laptop, phone, tablet] = [await visit("dave", "laptop"), await visit("dave", "phone"), await visit("dave", "tablet")];
      const page = await laptop.get("/");
      assert.deepEqual([...devices(page).keys()].sort(), ["laptop", "phone", "tablet"]);
      assert.equal(devices(page).get("laptop"), undefined, "its own device has no button");
      assert.match(page.text, /Log out everywhere else/);
      assert.equal((await laptop.post(devices(page).get("phone")!)).status, 303);
      assert.deepEqual([await isIn(laptop), await isIn(phone), await isIn(tablet)], [true, false, true]);
      assert.equal((await laptop.post("/devices/end-others")).status, 303);
      assert.deepEqual([await isIn(laptop), await isIn(tablet)], [true, false]);
      const alone = await laptop.get("/");
      assert.deepEqual([...devices(alone)], [["laptop", undefined]]);
      assert.doesNotMatch(alone.text, /Log out there|Log out everywhere else/);
    });

    it("does nothing for strangers, for other users, or for pages of other sites", async () => {
      const [mallory, carol] = [await visit("mallory"), await visit("carol", "laptop")];
      const phone = await visit("carol", "phone");
      const end = devices(await carol.get("/")).get("phone")!;
      for (const browser of [new Browser(site.url), mallory]) {
        for (const path of [end, "/devices/end-others", "/devices/made-up/end"]) {
          assert.equal((await browser.post(path)).status, 303);
        }
      }
      for (const path of [end, "/devices/end-others", "/logout"]) {
        assert.equal((await carol.post(path, {}, { "Sec-Fetch-Site": "cross-site" })).status, 403, path);
      }
      assert.deepEqual([await isIn(carol), await isIn(phone), await isIn(mallory)], [true, true, true]);
    });

    it("is played in a real browser: two devices, one of which logs the other one out", { skip: SKIP_CHROMIUM, timeout: 120_000 }, async () => {
      const pictures = process.env["SCREENSHOTS"];
      const args = [site.url, ...(pictures === undefined ? [] : [join(pictures, name)])];
      await promisify(execFile)(process.execPath, [join(PLAYER, "login.mjs"), ...args]);
    });

    it("locks nobody out who has cookies of several scopes, in a real browser", { skip: SKIP_CHROMIUM, timeout: 120_000 }, async () => {
      const other = await startService();
      const wide = await startSite(folder, other, { COOKIE_DOMAIN: "shop.example.com" });
      try {
        await promisify(execFile)(process.execPath, [join(PLAYER, "scopes.mjs"), site.url, wide.url]);
      } finally {
        await Promise.all([wide.stop(), other.stop()]);
      }
    });

    it("answers 503 when the service is gone, and says so in its log, without a token", async () => {
      const other = await startService();
      const alone = await startSite(folder, other);
      try {
        const browser = new Browser(alone.url);
        await browser.post("/login", { name: "bob" });
        await other.stop();
        for (const path of ["/", "/private"]) assert.equal((await browser.get(path)).status, 503);
        await alone.printed("cannot be reached");
        assert.doesNotMatch(alone.output(), /ses_/);
      } finally {
        await Promise.all([alone.stop(), other.stop()]);
      }
    });
  });
}

function headings({ text }: Page): string[] {
  return [...text.matchAll(/<h\d>(.*?)<\/h\d>/g)].map(([, heading]) => unescape(heading!));
}

/** The devices by what the page calls them, and where the button leads that ends each. */
function devices({ text }: Page): Map<string, string | undefined> {
  const items = [...text.matchAll(/<li>.*?<\/li>/gs)].map(([item]) => item);
  return new Map(items.map((item) => {
    const [, name] = /<div>(.*?)<small>last seen \d{4}-/.exec(item)!;
    return [unescape(name!), /action="(.*?)"/.exec(item)?.[1]];
  }));
}

function unescape(html: string): string {
  const names: Record<string, string> = { lt: "<", gt: ">", quot: '"', amp: "&" };
  return html.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) => names[name] ?? String.fromCharCode(Number(code)));
}

function startSite(folder: string, service: Running, env: Record<string, string> = {}): Promise<Running> {
  return start(process.execPath, ["server.js"], { cwd: folder, env: { SESSIONING_URL: service.url, PORT: "0", ...env } });
}

/** Makes a copy of an example, with what it depends on as links to what is installed here. */
function install(name: string, folder: string): void {
  cpSync(join(REPOSITORY, "examples", name), folder, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  link(join(folder, "node_modules", "@sessioning", "client"), ROOT);
  for (const dependency of ["express", "hono", "@hono/node-server"]) {
    link(join(folder, "node_modules", dependency), join(ROOT, "node_modules", dependency));
  }
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "dir");
}
