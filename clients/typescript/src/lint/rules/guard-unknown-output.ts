import type { Concepts } from "../concepts.ts";
import type { Entry } from "../pattern.ts";
import { type Mistake, type Rule, sessionQueries } from "../rule.ts";
import type { Query } from "../where.ts";

/** A session query is asked for an output that it never has: its variable is filled for nobody. */
export const guardUnknownOutput: Rule = {
  name: "guard-unknown-output",
  summary: "a session query is asked for an output that it never has",
  *check(file) {
    for (const sync of file.syncs) {
      for (const query of sessionQueries(sync.where, file.concepts)) {
        const known = file.concepts.outputs(query.concept, query.action)?.flat() ?? [];
        for (const entry of unknownOutputs(query, file.concepts)) yield mistake(sync.name, query, entry, known);
      }
    }
  },
};

/** The outputs of a session query that it never has. */
export function unknownOutputs({ concept, action, output }: Query, concepts: Concepts): Entry[] {
  if (concepts.outputs(concept, action) === undefined) return [];
  return output?.entries.filter(({ key }) => !concepts.mayAnswer(concept, action, [key])) ?? [];
}

function mistake(sync: string, query: Query, { key, node, variable }: Entry, known: readonly string[]): Mistake {
  const name = query.written;
  const names = known.map((output) => `\`${output}\``).join(" or ");
  return {
    node,
    sync,
    message: `${name} has no output \`${key}\`: it answers ${names}.`,
    why: `No row has it, neither of a known session nor of an unknown one, so ${variable ? `\`${variable}\`` : "it"} stays ` +
      `empty. Where something checks it, nobody gets through, logged in or not; where nothing does, everybody.`,
    cure: `Ask for the user under the name that the answer has:\n` +
      `    frames = await frames.query(${name}, …, { user${variable && variable !== "user" ? `: ${variable}` : ""} });`,
  };
}
