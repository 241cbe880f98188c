import { existsSync, readdirSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { Failure } from "./failure.ts";

/**
 * The files to lint: those named, and every `*.sync.ts` in the folders named. Without names: in
 * `src`, or in the working directory if there is no `src`. Paths are absolute and sorted.
 *
 * Throws `Failure` if a path does not exist or nothing is found.
 */
export function findFiles(cwd: string, paths: readonly string[]): string[] {
  const starts = paths.length > 0 ? paths : [existsSync(join(cwd, "src")) ? "src" : "."];
  const found = new Set(starts.flatMap((path) => collect(resolve(cwd, path), path)));
  if (found.size === 0) {
    throw new Failure(
      `No *.sync.ts file in ${starts.map((start) => `"${start}"`).join(", ")}. Name the folder that has your syncs, ` +
        `for example: sessioning-lint src/syncs`,
    );
  }
  return [...found].sort();
}

/** A path as a report shows it: relative to the working directory, with `/`. */
export function shownPath(cwd: string, path: string): string {
  return relative(cwd, path).split(sep).join("/");
}

function collect(path: string, named: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new Failure(`There is no file or folder ${named}.`);
  return stat.isDirectory() ? walk(path) : [path];
}

function walk(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : walk(path);
    }
    return entry.name.endsWith(".sync.ts") ? [path] : [];
  });
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new Failure(`Cannot read the folder ${folder}: ${(error as Error).message}`);
  }
}
