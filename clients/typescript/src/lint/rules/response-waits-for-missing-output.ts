import type { Concepts } from "../concepts.ts";
import type { Outputs } from "../outputs.ts";
import type { Entry } from "../pattern.ts";
import type { Mistake, Rule } from "../rule.ts";
import type { Step, Sync } from "../sync.ts";

/** A `when` that waits for an output which its action never yields. */
export const responseWaitsForMissingOutput: Rule = {
  name: "response-waits-for-missing-output",
  summary: "a `when` waits for an output that its action never yields",
  *check(file) {
    for (const sync of file.syncs) {
      for (const step of sync.when) {
        const outputs = file.concepts.outputs(step.concept, step.action);
        const missing = outputs && firstMissing(step, file.concepts);
        if (missing !== undefined) yield mistake(sync, step, missing, outputs!);
      }
    }
  },
};

/** The first output that no answer has together with those before it. */
function firstMissing({ concept, action, output }: Step, concepts: Concepts): Entry | undefined {
  const entries = output?.entries ?? [];
  const keys = entries.map(({ key }) => key);
  return entries.find((_, index) => !concepts.mayAnswer(concept, action, keys.slice(0, index + 1)));
}

function mistake(sync: Sync, step: Step, missing: Entry, outputs: Outputs): Mistake {
  const name = step.written;
  const exists = outputs.some((keys) => keys.includes(missing.key));
  const responds = sync.then.some(({ action }) => action === "respond");
  const known = outputs.map(shape).join(" or ");
  return {
    node: missing.node,
    sync: sync.name,
    message: exists
      ? `${name} never yields all of ${shape(step.output!.entries.map(({ key }) => key))} at once.`
      : `${name} never yields \`${missing.key}\`.`,
    why: `It yields ${known}. A \`when\` matches only if every output that it names is there, so this sync ` +
      `never runs${responds ? ": the response is not sent, and the request waits until it times out" : ""}.`,
    cure: exists
      ? `Write one sync for each kind of answer:\n` +
        outputs.map((keys) => `    [${name}, {}, ${shape(keys)}]`).join("\n")
      : `Wait for what ${name} does yield:\n` +
        outputs.map((keys) => `    [${name}, {}, ${shape(keys)}]`).join("\n") +
        (outputs.some((keys) => keys.length === 0) ? `\n{} matches every answer, errors too.` : ""),
  };
}

function shape(keys: readonly string[]): string {
  return keys.length === 0 ? "{}" : `{ ${keys.join(", ")} }`;
}
