import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The package's folder, whether this runs as source or compiled. */
export const ROOT: string = packageRoot();

const BINARY = process.env["SESSIONING_BIN"] ?? join(ROOT, "..", "..", "target", "release", "sessioning");

/** Why the service cannot be run here; undefined if it can. Under CI=true this throws instead. */
export function whyNoService(): string | undefined {
  return missing(existsSync(BINARY), `there is no service at ${BINARY}; cargo build --release makes it`);
}

/** The reason to skip if something is not there. Under CI=true a skip is a failure, so this throws. */
export function missing(isThere: boolean, why: string): string | undefined {
  if (isThere) return undefined;
  if (process.env["CI"] === "true") throw new Error(why);
  return why;
}

/** A program under test, what it has printed, and where it listens. */
export interface Running {
  url: string;
  /** Everything it has printed so far. */
  output(): string;
  /** Waits until it has printed this. */
  printed(text: string): Promise<void>;
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void;
  /** Ends it, whatever state it is in. */
  stop(): Promise<void>;
}

/** The real service, with nothing on the disk, on a free port. Its environment is empty but for `PATH`. */
export function startService(...flags: string[]): Promise<Running> {
  const args = ["serve", "--store", "memory:", "--admin-listen", "off", "--log-format", "text"];
  if (!flags.includes("--listen")) args.push("--listen", "127.0.0.1:0");
  return start(BINARY, [...args, ...flags], { PATH: process.env["PATH"] ?? "" });
}

/** A new key with its entry in a configuration: `key`, and `toml`. Flags say what it may. */
export function newKey(...flags: string[]): { key: string; toml: string } {
  const said = execFileSync(BINARY, ["keys", "new", ...flags], { encoding: "utf8" });
  return { key: /sk_\S+/.exec(said)![0], toml: said.slice(said.indexOf("[[keys]]")) };
}

/** Starts a program that prints `listening http://…`, and waits for that line. */
export async function start(
  program: string,
  args: string[],
  env: Record<string, string>,
  cwd: string = ROOT,
): Promise<Running> {
  const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  const printing = new EventTarget();
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      printing.dispatchEvent(new Event("more"));
    });
  }
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  void ended.then(() => printing.dispatchEvent(new Event("more")));
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(text);
      if (found !== null) return found[1] ?? found[0];
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended:\n${text}`);
      await new Promise((resolve) => printing.addEventListener("more", resolve, { once: true }));
    }
  };
  // Not child.kill, which under Deno does nothing the second time.
  const signal = (name: "SIGSTOP" | "SIGCONT" | "SIGKILL") => void process.kill(child.pid!, name);
  const url = await until(/listening +(http:\/\/[\d.]+:\d+)/);
  return {
    url,
    output: () => text,
    printed: async (wanted) => void await until(new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))),
    signal,
    stop: async () => {
      // A process that was stopped ends by no other signal.
      if (child.exitCode === null && child.signalCode === null) signal("SIGKILL");
      await ended;
    },
  };
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
