// Removes the folders named: what was renamed must not stay in what is published.
import { rmSync } from "node:fs";
import process from "node:process";

for (const folder of process.argv.slice(2)) rmSync(folder, { recursive: true, force: true });
