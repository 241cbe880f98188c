import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The package's folder, whether this runs as source or compiled. */
export const ROOT: string = packageRoot();

/** The repository's folder. */
export const REPOSITORY: string = join(ROOT, "..", "..");

const BINARY = process.env["SESSIONING_BIN"] ?? join(REPOSITORY, "target", "release", "sessioning");

/** What `skip` is set to in tests that need the service: false, or the reason. Under CI=true there is none. */
export const SKIP: false | string = skipUnless(existsSync(BINARY), `no service at ${BINARY}; cargo build --release makes it`);

/** False if something is there, else the reason to skip; under CI=true a skip is a failure. */
export function skipUnless(isThere: boolean, why: string): false | string {
  if (isThere) return false;
  if (process.env["CI"] === "true") throw new Error(why);
  return why;
}

/** A program that listens. */
export interface Running {
  url: string;
  /** All it has printed so far. */
  printed(): string;
  stop(): Promise<void>;
}

/** The real service on a free port, which keeps its sessions in memory. */
export function startService(...flags: string[]): Promise<Running> {
  return start(BINARY, ["serve", "--store", "memory:", "--admin-listen", "off", "--listen", "127.0.0.1:0", ...flags]);
}

/** Starts a program, and waits for the `http://…` that it prints when it listens. */
export async function start(program: string, args: string[], options: { env?: Record<string, string>; cwd?: string } = {}): Promise<Running> {
  const env = { PATH: process.env["PATH"] ?? "", ...options.env };
  const child = spawn(program, args, { cwd: options.cwd ?? ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        const found = /listening\W+(http:\/\/[\w.]+:\d+)/.exec(printed);
        if (found !== null) resolve(found[1]!);
      });
    }
    child.on("error", reject);
    void ended.then(() => reject(new Error(`${program} ended:\n${printed}`)));
  });
  return { url, printed: () => printed, stop: () => stop(child, ended) };
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill("SIGTERM");
  await ended;
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
