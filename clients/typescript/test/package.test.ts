import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { REPOSITORY, ROOT } from "./support/service.ts";

const TEMPORARY = mkdtempSync(join(tmpdir(), "sessioning-package-"));
const BIN = join(ROOT, "node_modules", ".bin");

after(() => rmSync(TEMPORARY, { recursive: true, force: true }));

describe("src/openapi.ts", () => {
  it("is what openapi.json says; npm run openapi writes it anew", () => {
    const fresh = join(TEMPORARY, "openapi.ts");
    execFileSync(join(BIN, "openapi-typescript"), [join(REPOSITORY, "openapi.json"), "--empty-objects-unknown", "--output", fresh], { stdio: "pipe" });
    assert.equal(readFileSync(join(ROOT, "src", "openapi.ts"), "utf8"), readFileSync(fresh, "utf8"));
  });
});

describe("the package", () => {
  it("uses web standards alone, but for the lint", () => {
    const sources = filesBelow(join(ROOT, "src")).filter((file) => !file.startsWith(`lint${sep}`));
    assert.ok(sources.length > 20);
    for (const file of sources) {
      const code = readFileSync(join(ROOT, "src", file), "utf8").replace(/^ *(\/\*|\*|\/\/).*$/gm, "");
      // Types are gone at run time.
      const rest = code.replace(/^import type [^;]* from "(express|hono)";$/gm, "");
      for (const [, name] of rest.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
        assert.match(name!, /^\.\.?\//, `${file} imports ${name}`);
      }
    }
  });

  it("has one version, and no dependency", () => {
    const read = (name: string) => JSON.parse(readFileSync(join(ROOT, name), "utf8")) as Record<string, unknown>;
    const [npm, jsr] = [read("package.json"), read("jsr.json")];
    assert.equal(npm["version"], jsr["version"]);
    assert.equal(npm["name"], jsr["name"]);
    assert.equal(npm["dependencies"], undefined);
    // JSR takes no module that adds to the types of another one, as those for Express and Hono do.
    assert.deepEqual(jsr["exports"], { ".": "./src/index.ts", "./concept": "./src/concept/index.ts" });
  });

  it("installs from its tarball into an empty project, and compiles there without the frameworks' types", () => {
    execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", TEMPORARY], { cwd: ROOT, stdio: "pipe" });
    const tarball = readdirSync(TEMPORARY).find((name) => name.endsWith(".tgz"))!;
    writeFileSync(join(TEMPORARY, "package.json"), '{ "private": true, "type": "module" }');
    execFileSync("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", `./${tarball}`], { cwd: TEMPORARY, stdio: "pipe" });
    assert.deepEqual(readdirSync(join(TEMPORARY, "node_modules")).filter((name) => !name.startsWith(".")), ["@sessioning"]);
    writeFileSync(join(TEMPORARY, "main.ts"), MAIN);
    const options = ["--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext"];
    execFileSync(join(BIN, "tsc"), [...options, "main.ts"], { cwd: TEMPORARY, stdio: "pipe" });
    assert.equal(execFileSync(process.execPath, ["main.js"], { cwd: TEMPORARY, encoding: "utf8" }), "null function function\n");
    const packed = filesBelow(join(TEMPORARY, "node_modules", "@sessioning", "client"));
    for (const file of packed) assert.match(file, /^(dist\W|README\.md$|LICENSE-|package\.json$)/);
    assert.ok(packed.includes("LICENSE-MIT") && packed.includes("LICENSE-APACHE"));
  });

  it("has the repository's own licences", () => {
    for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) {
      assert.equal(readFileSync(join(ROOT, name), "utf8"), readFileSync(join(REPOSITORY, name), "utf8"));
    }
  });
});

const MAIN = `
import { type Session, SessioningClient } from "@sessioning/client";
const client: SessioningClient = new SessioningClient({ url: "http://127.0.0.1:1" });
const session: Session | null = await client.check("");
const express: string = "@sessioning/client/express", hono: string = "@sessioning/client/hono";
console.log(session, typeof (await import(express)).login, typeof (await import(hono)).login);
`;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
