import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { returnedOutputs } from "./answers.ts";
import { type Outputs, readOutputs } from "./outputs.ts";
import { descendants, keyOf } from "./syntax.ts";

/** The original's `Sessioning`, for projects whose concept source is not at hand. */
const SESSION_OUTPUTS: Readonly<Record<string, Outputs>> = {
  create: [["session"], ["error"]],
  delete: [[], ["error"]],
  _getUser: [["user"], ["error"]],
};

const SESSION_NAME = /^sess(ion|ioning)s?$/i;

/** What the source of a concept declares. */
interface ConceptSource {
  methods: Map<string, ts.MethodDeclaration>;
  /** There may be methods that are not in it. */
  isOpen: boolean;
}

/** What is known of the project's concepts: from their sources, else of `Sessioning` from the original. */
export class Concepts {
  readonly #named: readonly string[];
  readonly #folder: string | undefined;
  readonly #sources = new Map<string, ConceptSource | undefined>();

  /** `named`: the session concepts (none: those of a usual name); `folder`: where `X/XConcept.ts` are. */
  constructor(named: readonly string[], folder: string | undefined) {
    this.#named = named;
    this.#folder = folder;
  }

  /** True for the concept that keeps the sessions. */
  isSession(concept: string): boolean {
    return this.#named.length > 0 ? this.#named.includes(concept) : SESSION_NAME.test(concept);
  }

  /** What an action can answer; undefined if that is not known for certain. */
  outputs(concept: string, action: string): Outputs | undefined {
    const source = this.#sourceOf(concept);
    const method = source?.methods.get(action);
    if (method !== undefined) return readOutputs(method.type);
    return this.#followsOriginal(concept) ? SESSION_OUTPUTS[action] : undefined;
  }

  /** True if one answer may carry all of these keys, or if that is not known for certain. */
  mayAnswer(concept: string, action: string, keys: readonly string[]): boolean {
    const kinds = this.#kinds(concept, action);
    return kinds === undefined || kinds.some((kind) => keys.every((key) => kind.includes(key)));
  }

  /** The answers as declared, and as the method's body returns them; undefined if both leave it open. */
  #kinds(concept: string, action: string): Outputs | undefined {
    const declared = this.outputs(concept, action);
    const method = this.#sourceOf(concept)?.methods.get(action);
    if (method === undefined) return declared;
    const returned = returnedOutputs(method);
    if (returned !== undefined) return [...returned, ...declared ?? []];
    return declared && [declared.flat()];
  }

  /** True for the query that answers an unknown session with a row without user, `[{ error }]`. */
  answersErrorRow(concept: string, query: string): boolean {
    const method = this.#sourceOf(concept)?.methods.get(query);
    if (method === undefined) return query === "_getUser" && this.#followsOriginal(concept);
    if (!this.isSession(concept) || !/user/i.test(query)) return false;
    const outputs = readOutputs(method.type);
    return outputs === undefined
      ? /\[\s*\{\s*error\b/.test(method.getText())
      : outputs.some((keys) => keys.includes("error"));
  }

  /** True if a method is the original's: the concept keeps the sessions, and no source of the project has its own. */
  isOriginal(concept: string, action: string): boolean {
    return this.#followsOriginal(concept) && !this.#sourceOf(concept)?.methods.has(action);
  }

  /** A source that says nothing of its own methods (it re-exports, or inherits) changes nothing. */
  #followsOriginal(concept: string): boolean {
    const source = this.#sourceOf(concept);
    return this.isSession(concept) && (source === undefined || source.isOpen);
  }

  #sourceOf(concept: string): ConceptSource | undefined {
    if (!this.#sources.has(concept)) {
      const file = this.#folder && findSource(this.#folder, concept);
      this.#sources.set(concept, file === undefined ? undefined : readSource(file));
    }
    return this.#sources.get(concept);
  }
}

/** The folder of the concepts nearest above a file: `concepts` beside it or `src/concepts`. */
export function findConcepts(from: string): string | undefined {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    for (const name of ["concepts", join("src", "concepts")]) {
      if (existsSync(join(folder, name))) return join(folder, name);
    }
  }
  return undefined;
}

/** `Sessioning/SessioningConcept.ts`, or wherever below the folder that file is. */
function findSource(folder: string, concept: string): string | undefined {
  const wanted = `${concept}Concept.ts`.toLowerCase();
  const usual = join(folder, concept, `${concept}Concept.ts`);
  if (existsSync(usual)) return usual;
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.toLowerCase() === wanted)
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))[0];
}

function readSource(path: string): ConceptSource {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const methods = new Map<string, ts.MethodDeclaration>();
  let isOpen = true;
  for (const node of descendants(source)) {
    if (!ts.isClassDeclaration(node)) continue;
    isOpen = node.heritageClauses !== undefined;
    for (const member of node.members) {
      const key = ts.isMethodDeclaration(member) ? keyOf(member.name) : undefined;
      if (key !== undefined) methods.set(key, member as ts.MethodDeclaration);
    }
  }
  return { methods, isOpen };
}
