import { parseArgs } from "node:util";
import { Failure } from "./failure.ts";

/** What the command line asks for. */
export interface Options {
  help: boolean;
  json: boolean;
  /** Names of the session concepts; none means those of a usual name. */
  concept: string[];
  /** The folder with the concepts' sources; absent means: look for it. */
  concepts?: string;
  paths: string[];
}

/** Reads the command line. Throws `Failure` for an option that does not exist or lacks its value. */
export function readOptions(args: readonly string[]): Options {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h", default: false },
        json: { type: "boolean", default: false },
        concept: { type: "string", multiple: true, default: [] },
        concepts: { type: "string" },
      },
    });
    return { ...values, paths: positionals };
  } catch (error) {
    throw new Failure(`${(error as Error).message.split(". ")[0]}. See sessioning-lint --help.`);
  }
}
