#!/usr/bin/env node
import process from "node:process";
import { Failure } from "./failure.ts";

const NEEDS = "your code is read with TypeScript's own parser";

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    await requireCompiler();
    const { run } = await import("./run.ts");
    return run(process.argv.slice(2), {
      cwd: process.cwd(),
      colour: process.stdout.isTTY === true && !process.env["NO_COLOR"],
      write: (text) => void process.stdout.write(text),
      complain: (text) => void process.stderr.write(text),
    });
  } catch (error) {
    // Left to Node, a crash would exit with 1, which means "findings".
    const text = error instanceof Failure ? error.message : (error as Error).stack;
    process.stderr.write(`sessioning-lint: ${text}\n`);
    return 2;
  }
}

/** Everything else imports TypeScript, so it must be looked for before anything else is loaded. */
async function requireCompiler(): Promise<void> {
  const found = await import("typescript").catch(() => undefined);
  if (found === undefined) {
    throw new Failure(`${NEEDS}, and it is not installed. Run: npm i -D typescript@6`);
  }
  const { version, createSourceFile } = found.default;
  if (typeof createSourceFile !== "function") {
    throw new Failure(`${NEEDS}, which TypeScript ${version} does not offer. Run: npm i -D typescript@6`);
  }
}
