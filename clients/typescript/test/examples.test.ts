import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { Browser } from "./support/browser.ts";
import { REPOSITORY, ROOT, SKIP, start, startService } from "./support/service.ts";

const TEMPORARY = mkdtempSync(join(tmpdir(), "sessioning-examples-"));

after(() => rmSync(TEMPORARY, { recursive: true, force: true }));

describe("the example", { skip: SKIP }, () => {
  for (const name of ["express-login", "hono-login"]) {
    it(`${name} logs in, shows who it is, keeps others out, and logs out`, async () => {
      const service = await startService();
      const env = { SESSIONING_URL: service.url, PORT: "0" };
      const site = await start(process.execPath, ["server.js"], { cwd: installed(name), env });
      try {
        const browser = new Browser(site.url);
        assert.match((await browser.get("/")).text, /action="\/login"/);
        assert.equal((await browser.get("/private")).status, 401);
        const into = await browser.post("/login", { name: "<b>alice" });
        assert.equal(into.status, 303);
        assert.match(into.setCookies.join(), /^session=ses_\w+; Path=\/; HttpOnly; SameSite=Lax/);
        const { text } = await browser.get("/");
        assert.match(text, /You are <b>&(#60|lt);b&(#62|gt);alice<\/b>/);
        assert.equal((await browser.get("/private")).text, "For <b>alice alone\n");
        const cross = { "Sec-Fetch-Site": "cross-site" };
        assert.equal((await browser.post("/logout", {}, cross)).status, 403);
        assert.equal((await browser.post("/logout")).status, 303);
        assert.match((await browser.get("/")).text, /action="\/login"/);
        await browser.post("/login", { name: "bob" });
        await service.stop();
        assert.equal((await browser.get("/")).status, 503);
        assert.match(site.printed(), /cannot be reached/);
        assert.doesNotMatch(site.printed(), /ses_/);
      } finally {
        await site.stop();
        await service.stop();
      }
    });
  }
});

/** A copy of an example, with what it depends on as links to what is installed here. */
function installed(name: string): string {
  const folder = join(TEMPORARY, name);
  cpSync(join(REPOSITORY, "examples", name), folder, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  link(join(folder, "node_modules", "@sessioning", "client"), ROOT);
  for (const dependency of ["express", "hono", "@hono/node-server"]) {
    link(join(folder, "node_modules", dependency), join(ROOT, "node_modules", dependency));
  }
  return folder;
}

function link(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "dir");
}
