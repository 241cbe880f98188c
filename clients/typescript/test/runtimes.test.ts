import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { ROOT, skipUnless } from "./support/service.ts";

/** The tests that are about behaviour; the others look at files, which are the same everywhere. */
const TESTS = ["client", "faults", "secrets", "cookie", "middleware", "concept", "concept-class", "concept-original"]
  .map((name) => `./test/${name}.test.ts`);

const RUNTIMES: Record<string, string[]> = {
  deno: ["test", "--no-lock", "--no-check", "--cached-only", "--allow-all", ...TESTS],
  // Its own limit of 5 s a test is short where several runtimes share a processor.
  bun: ["test", "--timeout=60000", ...TESTS],
};

describe("the same tests, from source", () => {
  for (const [name, args] of Object.entries(RUNTIMES)) {
    const program = join(ROOT, "node_modules", ".bin", name);
    const skip = skipUnless(existsSync(program), `${name} is not installed; npm ci does it`);
    it(`pass on ${name}`, { skip, timeout: 300_000 }, async () => {
      const { code, output } = await run(program, args);
      assert.equal(code, 0, output);
      // A run that found no test would be green, too.
      const passed = name === "deno" ? /\| \d+ passed \((\d+) steps\)/ : /^ *(\d+) pass$/m;
      assert.ok(Number(passed.exec(output)?.[1] ?? 0) >= 180, output);
    });
  }
});

function run(program: string, args: string[]): Promise<{ code: number | null; output: string }> {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => output += text);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
