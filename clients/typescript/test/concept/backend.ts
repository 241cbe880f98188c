import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT, type Running, skipUnless, start } from "../support/service.ts";

const DENO = "Deno" in globalThis ? process.execPath : join(ROOT, "node_modules", "deno", "deno");
const DROP_IN = pathToFileURL(join(ROOT, "src", "concept", "index.ts")).href;

/** False if Deno can be run here, else the reason to skip. Under CI=true this throws instead. */
export const SKIP_DENO: false | string = skipUnless(existsSync(DENO), `no Deno at ${DENO}; npm ci in clients/typescript installs it`);

/** The login back end of test/concept-backend under Deno, and how to call it. */
export interface Backend extends Running {
  post(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
}

/** What is different from one back end to the next. */
export interface BackendOptions {
  /** The whole of its SessioningConcept.ts, where DROP-IN stands for the drop-in's address. */
  concept?: string;
  /** Its environment. Nothing of ours is passed on. */
  env: Record<string, string>;
}

/** A project in a folder of its own, whose SessioningConcept.ts is the drop-in, running under Deno. */
export async function startBackend(
  { concept = 'export { default } from "DROP-IN";', env }: BackendOptions,
): Promise<Backend> {
  const folder = mkdtempSync(join(tmpdir(), "concept-backend-"));
  for (const part of ["engine", "concept-backend"]) {
    cpSync(join(ROOT, "test", part), join(folder, part), { recursive: true });
  }
  const file = join(folder, "concept-backend", "src", "concepts", "Sessioning", "SessioningConcept.ts");
  writeFileSync(file, concept.replace("DROP-IN", DROP_IN));
  const args = ["run", "--no-prompt", "--no-config", "--allow-net", "--allow-env", "--allow-read"];
  const home = { HOME: process.env["HOME"] ?? "", NO_COLOR: "1" };
  const main = join(folder, "concept-backend", "src", "main.ts");
  const backend = await start(DENO, [...args, main], { env: { ...home, ...env }, cwd: folder }).catch((error) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    ...backend,
    post: async (path, body = {}) => {
      const response = await fetch(`${backend.url}/api${path}`, { method: "POST", body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() as Record<string, unknown> };
    },
    stop: async () => {
      await backend.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
