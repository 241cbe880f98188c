import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Printed } from "./printed.ts";

/** The package's folder, whether this runs as source or compiled. */
export const ROOT: string = packageRoot();

/** The repository's folder. */
export const REPOSITORY: string = join(ROOT, "..", "..");

const BINARY = process.env["SESSIONING_BIN"] ?? join(REPOSITORY, "target", "release", "sessioning");

/** What `skip` is set to in tests that need the service: false, or the reason. Under CI=true there is none. */
export const SKIP: false | string = skipUnless(existsSync(BINARY), `no service at ${BINARY}; cargo build --release makes it`);

/** False if something is there, else the reason to skip; under CI=true a skip is a failure, so this throws. */
export function skipUnless(isThere: boolean, why: string): false | string {
  if (isThere) return false;
  if (process.env["CI"] === "true") throw new Error(why);
  return why;
}

/** A program under test, what it has printed, and where it listens. */
export interface Running {
  url: string;
  /** Everything it has printed so far. */
  output(): string;
  /** Waits until it has printed this, at most 20 seconds. */
  printed(text: string): Promise<void>;
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void;
  /** Ends it, whatever state it is in. */
  stop(): Promise<void>;
}

/** The real service, with nothing on the disk, on a free port. */
export function startService(...flags: string[]): Promise<Running> {
  const args = ["serve", "--store", "memory:", "--admin-listen", "off", "--log-format", "text"];
  if (!flags.includes("--listen")) args.push("--listen", "127.0.0.1:0");
  return start(BINARY, [...args, ...flags]);
}

/** A new key with its entry in a configuration: `key`, and `toml`. Flags say what it may. */
export function newKey(...flags: string[]): { key: string; toml: string } {
  const said = execFileSync(BINARY, ["keys", "new", ...flags], { encoding: "utf8" });
  return { key: /sk_\S+/.exec(said)![0], toml: said.slice(said.indexOf("[[keys]]")) };
}

/** How a program is started. Of the environment here it gets `PATH` alone. */
export interface Starting {
  /** What it gets besides. */
  env?: Record<string, string>;
  /** Default: the package's folder. */
  cwd?: string;
}

/** Starts a program that prints `listening http://…`, and waits for that line. */
export async function start(program: string, args: string[], { env = {}, cwd = ROOT }: Starting = {}): Promise<Running> {
  const child = spawn(program, args, { cwd, env: { PATH: process.env["PATH"] ?? "", ...env }, stdio: "pipe" });
  const printed = new Printed();
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => printed.add(text));
  // A program that cannot be started has an error, and not everywhere an end.
  child.on("error", (error) => printed.add(error.message));
  const ended = new Promise((resolve) => child.on("error", resolve).on("close", resolve)).then(() => printed.end());
  // Not child.kill, which under Deno does nothing the second time.
  const signal = (name: "SIGSTOP" | "SIGCONT" | "SIGKILL") => void process.kill(child.pid!, name);
  const stop = async () => {
    // A process that was stopped ends by no other signal.
    if (!printed.isOver && child.exitCode === null && child.signalCode === null) signal("SIGKILL");
    await ended;
  };
  const fail = async (error: unknown): Promise<never> => {
    await stop();
    throw error;
  };
  return {
    // The space after it: without one the rest of the port may be yet to come.
    url: await printed.until(/listening +(http:\/\/[\d.]+:\d+)\s/).catch(fail),
    output: () => printed.text,
    printed: async (text) => void await printed.until(new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))),
    signal,
    stop,
  };
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
