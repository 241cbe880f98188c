import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = packageRoot();
const CORPUS = join(ROOT, "test", "lint");
const SNAPSHOTS = join(CORPUS, "snapshots");
const MAIN = join(ROOT, "dist", "lint", "main.js");
const TEMPORARY = mkdtempSync(join(tmpdir(), "sessioning-lint-"));
const MARK = /← ([\w-]+)$/;

after(() => rmSync(TEMPORARY, { recursive: true, force: true }));

describe("the corpus", () => {
  it("has each fault of the bad files found on its line, and nothing else", () => {
    const { status, findings } = lintJson(["bad"]);
    assert.deepEqual(findings.map(short), marks("bad"));
    assert.equal(status, 1);
  });

  it("has no finding in the good files", () => {
    const { status, findings } = lintJson(["good"]);
    assert.deepEqual(findings.map(short), []);
    assert.equal(status, 0);
  });

  it("has every sync read: silence does not come from blindness", () => {
    for (const folder of ["good", "bad"]) {
      const declared = files(folder).flatMap((file) => read(file).match(/^ *when"?: |^ *"when": /gm) ?? []);
      const { stdout } = lint([folder]);
      assert.match(stdout, new RegExp(`\\(${declared.length} syncs read in ${files(folder).length} files\\)`));
    }
  });

  it("is large enough, and has at least two bad files for each rule", () => {
    assert.ok(files("good").length >= 20 && files("bad").length >= 24);
    const found = marks("bad").map((mark) => mark.split(" ")[1]);
    for (const rule of ruleNames()) {
      assert.ok(found.filter((name) => name === rule).length >= 2, rule);
    }
  });
});

describe("the report", () => {
  const file = join("bad", "then-respond-with-session.sync.ts");

  it("shows a person the place, the reason and the cure", () => {
    matchesSnapshot("terminal.txt", lint([file]).stdout);
  });

  it("gives a program the same as JSON", () => {
    matchesSnapshot("findings.json", lint([file, "--json"]).stdout);
  });

  it("is an empty array for no findings", () => {
    assert.deepEqual(lintJson([join("good", "login-in-two-steps.sync.ts")]).findings, []);
  });

  it("prints the subclass that translates other names", () => {
    const { stdout } = lint([join("bad", "renamed-methods.sync.ts")]);
    for (const line of [
      "createSession({ user }: any): any { return super.create({ user }); }",
      "getUser({ session }: any): any { return super._getUser({ session }); }",
      "endSession({ sessionId }: any): any { return super.delete({ session: sessionId }); }",
    ]) {
      assert.ok(stdout.includes("export default class SessioningConcept extends Renamed {}\n"));
      assert.ok(stdout.includes(`  ${line}\n`), line);
    }
    assert.match(stdout, /in 1 more place of\s+this file/);
  });

  it("has colour on a terminal only, and not with NO_COLOR", (t) => {
    if (spawnSync("script", ["--version"]).status !== 0) {
      assert.ok(!process.env["CI"], "the program `script` (util-linux) is missing");
      return t.skip("needs the program `script` (util-linux)");
    }
    const [program, ...args] = command([file]);
    const onTerminal = (env: Record<string, string>) =>
      spawnSync("script", ["-qec", [program, ...args].map((a) => `'${a}'`).join(" "), "/dev/null"], {
        cwd: CORPUS,
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "", ...env },
      }).stdout;
    assert.match(onTerminal({}), /\u001b\[31m/);
    assert.doesNotMatch(onTerminal({ NO_COLOR: "1" }), /\u001b\[/);
    assert.doesNotMatch(lint([file]).stdout, /\u001b\[/);
  });

  it("explains itself with --help", () => {
    const { status, stdout } = lint(["--help"]);
    assert.equal(status, 0);
    for (const word of [...ruleNames(), "--json", "--concept", "--concepts", "[{ error"]) {
      assert.ok(stdout.includes(word), word);
    }
  });
});

describe("the exit code", () => {
  it("is 2 where there is nothing to lint", () => {
    fails(["."], /No \*\.sync\.ts file in "\."\./, project({ "src/main.ts": "" }));
    fails(["nowhere"], /There is no file or folder nowhere/);
  });

  it("is 2 for an option that does not exist, and for a folder of concepts that does not", () => {
    fails(["--jsno"], /Unknown option '--jsno'.*--help/);
    fails(["--concepts", "nowhere", "good"], /There is no folder nowhere/);
  });

  it("is 2 for a file that is not TypeScript", () => {
    fails([], /a\.sync\.ts is not valid TypeScript, line 2: /, project({ "src/a.sync.ts": "\nlet = ;" }));
  });

  // Deno and Bun may fetch a missing package by themselves.
  if (!("Deno" in globalThis || "Bun" in globalThis)) {
    it("is 2 without TypeScript, or with one that has no parser", () => {
      const folder = project({ "src/a.sync.ts": "" });
      cpSync(dirname(MAIN), join(folder, "lint"), { recursive: true });
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      const main = join(folder, "lint", "main.js");
      const start = () => spawnSync(process.execPath, [main], { cwd: folder, encoding: "utf8" });
      const missing = start();
      assert.equal(missing.status, 2);
      assert.match(missing.stderr, /not installed. Run: npm i -D typescript@6/);
      const module = join(folder, "node_modules", "typescript");
      mkdirSync(module, { recursive: true });
      writeFileSync(join(module, "index.js"), 'exports.version = "7.0.2";');
      const other = start();
      assert.equal(other.status, 2);
      assert.match(other.stderr, /TypeScript 7\.0\.2 does not offer. Run: npm i -D typescript@6/);
    });
  }
});

describe("the options", () => {
  const guard = read("bad/guard-result-of-arrow.sync.ts");

  it("search src by default, and never node_modules", () => {
    const folder = project({
      "src/deep/a.sync.ts": guard,
      "src/node_modules/b.sync.ts": guard,
      "elsewhere/c.sync.ts": guard,
    });
    assert.deepEqual(lintJson([], folder).findings.map(({ file }) => file), ["src/deep/a.sync.ts"]);
    assert.equal(lintJson(["elsewhere", "src"], folder).findings.length, 2);
  });

  it("take another name for the concept that keeps the sessions", () => {
    const folder = project({ "src/a.sync.ts": guard.replaceAll("Sessioning", "Logins") });
    assert.equal(lint([], folder).status, 0);
    assert.equal(lint(["--concept", "Logins"], folder).status, 1);
    assert.match(lint(["--concept", "Login5"], folder).stderr, /no file names the concept Login5/);
  });

  const source = (returns: string, query = "_getUser") =>
    `export default class SessioningConcept { async ${query}(_: object): ${returns} { return []; } }`;

  it("believe the concept's own source, found above the file or named", () => {
    const empty = source("Promise<{ user: string }[]>");
    const error = source("Promise<{ user: string }[] | [{ error: string }]>");
    const nearby = (text: string) =>
      project({ "src/syncs/a.sync.ts": guard, "src/concepts/Sessioning/SessioningConcept.ts": text });
    assert.equal(lint([], nearby(empty)).status, 0);
    assert.equal(lint([], nearby(error)).status, 1);
    const named = project({ "src/a.sync.ts": guard, "parts/Sessioning/SessioningConcept.ts": empty });
    assert.equal(lint([], named).status, 1);
    assert.equal(lint(["--concepts", "parts"], named).status, 0);
  });

  it("know a query of another name from the concept's own source", () => {
    const text = source("Promise<Array<{ user: string }> | [{ error: string }]>", "_userOf");
    const folder = project({
      "src/a.sync.ts": guard.replaceAll("_getUser", "_userOf"),
      "src/concepts/Sessioning/SessioningConcept.ts": text,
    });
    assert.equal(lint([], folder).status, 1);
    rmSync(join(folder, "src", "concepts"), { recursive: true });
    assert.equal(lint([], folder).status, 0);
  });

  it("believe a source that answers with user and error at once", () => {
    const both = `export default class SessioningConcept {
      async _getUser({ session }: any): Promise<{ user: string }[] | [{ error: string }]> {
        return session ? [{ user: session, error: "" }] : [{ error: "unknown" }];
      }
    }`;
    const sync = { "src/a.sync.ts": read("bad/both-in-the-condition.sync.ts") };
    assert.equal(lint([], project(sync)).status, 1);
    const path = "src/concepts/Sessioning/SessioningConcept.ts";
    assert.equal(lint([], project({ ...sync, [path]: both })).status, 0);
    assert.equal(lint([], project({ ...sync, [path]: both.replace(', error: ""', "") })).status, 1);
  });

  it("leave a renamed method to the source that has it, and to a subclass of the drop-in", () => {
    const sync = { "src/a.sync.ts": read("bad/renamed-fields.sync.ts") };
    const path = "src/concepts/Sessioning/SessioningConcept.ts";
    const rules = (text: string) =>
      lintJson([], project({ ...sync, [path]: text })).findings.map(({ rule }) => rule);
    const method = "_getUser({ sessionId }: any): any { return super._getUser({ session: sessionId }); }";
    assert.deepEqual(rules('export { SessioningConcept as default } from "elsewhere";'), [
      "renamed-member",
      "renamed-member",
    ]);
    assert.deepEqual(rules(`export default class SessioningConcept { ${method} }`), []);
    assert.deepEqual(rules(`export default class Renamed extends SessioningConcept { override ${method} }`), []);
  });

  it("know nothing of outputs that the source does not declare", () => {
    const folder = project({
      "src/a.sync.ts": read("bad/output-that-locks-out.sync.ts"),
      "src/concepts/Sessioning/SessioningConcept.ts":
        "export default class { async _getUser({ id }: any) { return id ? [{ userId: id }] : [{ error: '' }]; } }",
    });
    assert.deepEqual(lintJson([], folder).findings, []);
  });

  it("keep to the original where the source only passes another on", () => {
    const text = 'export { SessioningConcept as default } from "elsewhere";';
    const folder = project({ "src/a.sync.ts": guard, "src/concepts/Sessioning/SessioningConcept.ts": text });
    assert.equal(lint([], folder).status, 1);
  });
});

describe("a comment", () => {
  const silenced = read("good/silenced-with-reason.sync.ts");

  it("silences the named rule on the next line", () => {
    const rules = (text: string) =>
      lintJson([], project({ "src/a.sync.ts": text })).findings.map(({ rule }) => rule);
    assert.deepEqual(rules(silenced), []);
    assert.deepEqual(rules(silenced.replace(/.*disable-next-line.*\n/, "")), ["guard-user-unused"]);
    assert.deepEqual(rules(silenced.replace("line guard-user-unused", "line create-reopened")), ["guard-user-unused"]);
    assert.deepEqual(rules(silenced.replace(/ -- .*/, "")), ["unexplained-disable", "guard-user-unused"]);
  });
});

describe("the documentation", () => {
  const page = readFileSync(join(ROOT, "..", "..", "docs", "lint.md"), "utf8");

  it("has a section for every rule, whose first example is a fault and whose others are not", () => {
    for (const rule of ruleNames()) {
      const section = page.split(`\n## \`${rule}\`\n`)[1]?.split("\n## ")[0] ?? "";
      const [bad, ...good] = [...section.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code!);
      assert.ok(bad !== undefined && good.length > 0, `docs/lint.md lacks examples for ${rule}`);
      assert.deepEqual(lintJson([], project({ "src/a.sync.ts": bad })).findings.map((f) => f.rule), [rule]);
      for (const code of good) {
        assert.match(lint([], project({ "src/a.sync.ts": code })).stdout, /No findings \([1-9]/, rule);
      }
    }
  });
});

interface Finding {
  file: string;
  line: number;
  rule: string;
}

function lint(args: string[], cwd = CORPUS): { status: number | null; stdout: string; stderr: string } {
  const [program, ...rest] = command(args);
  return spawnSync(program!, rest, { cwd, encoding: "utf8" });
}

function lintJson(args: string[], cwd = CORPUS): { status: number | null; findings: Finding[] } {
  const { status, stdout, stderr } = lint(["--json", ...args], cwd);
  assert.equal(stderr, "");
  return { status, findings: JSON.parse(stdout) };
}

/** Node runs what npm users get; Deno and Bun run the sources. */
function command(args: string[]): string[] {
  const source = join(ROOT, "src", "lint", "main.ts");
  if ("Deno" in globalThis) return [process.execPath, "run", "-A", source, ...args];
  return [process.execPath, "Bun" in globalThis ? source : MAIN, ...args];
}

function fails(args: string[], message: RegExp, cwd = CORPUS): void {
  const { status, stdout, stderr } = lint(args, cwd);
  assert.equal(status, 2);
  assert.equal(stdout, "");
  assert.match(stderr, message);
}

function project(contents: Record<string, string>): string {
  const folder = mkdtempSync(join(TEMPORARY, "project-"));
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function files(folder: string): string[] {
  return readdirSync(join(CORPUS, folder)).sort().map((name) => `${folder}/${name}`);
}

function read(file: string): string {
  return readFileSync(join(CORPUS, file), "utf8");
}

function marks(folder: string): string[] {
  return files(folder).flatMap((file) =>
    read(file).split("\n").flatMap((line, index) => {
      const mark = MARK.exec(line);
      return mark === null ? [] : `${file}:${index + 1} ${mark[1]}`;
    })
  );
}

function short({ file, line, rule }: Finding): string {
  return `${file}:${line} ${rule}`;
}

function ruleNames(): string[] {
  return readdirSync(join(ROOT, "src", "lint", "rules"))
    .filter((name) => name !== "index.ts").map((name) => name.replace(".ts", ""));
}

/** With UPDATE_SNAPSHOTS=1 the present output becomes the expected one. */
function matchesSnapshot(name: string, actual: string): void {
  const path = join(SNAPSHOTS, name);
  if (process.env["UPDATE_SNAPSHOTS"]) {
    mkdirSync(SNAPSHOTS, { recursive: true });
    writeFileSync(path, actual);
  }
  assert.equal(actual, readFileSync(path, "utf8"));
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "test", "lint", "good"))) folder = dirname(folder);
  return folder;
}
