import { type Mistake, type Rule, sessionQueries } from "../rule.ts";
import { type Entry, variablesOf } from "../pattern.ts";
import type { Sync } from "../sync.ts";
import { mentions } from "../syntax.ts";
import { asksForPresence, outputOf, readsOf, testsOfRead } from "../checks.ts";
import type { Query, Where } from "../where.ts";

/** The user of a session query is a variable that the request has already filled. */
export const guardUserFromRequest: Rule = {
  name: "guard-user-from-request",
  summary: "a session query answers into a variable that the request has already filled",
  *check(file) {
    for (const sync of file.syncs) {
      const { where } = sync;
      const queries = sessionQueries(where, file.concepts);
      if (where === undefined || queries.some((query) => isChecked(query, where, sync))) continue;
      for (const query of queries) {
        const entry = query.output?.entries.find((entry) => isFilledByRequest(entry, sync));
        if (entry && isTrusted(entry, query, where, sync)) yield mistake(sync, query, entry);
      }
    }
  },
};

/** True if a sync looks into an answer. That the user is there says nothing if the request has filled it. */
function isChecked(query: Query, where: Where, sync: Sync): boolean {
  const claimed = query.output?.entries.filter((entry) => isFilledByRequest(entry, sync)) ?? [];
  return readsOf(where, query).some((read) => {
    const output = outputOf(read, query);
    if (output === "error") return true;
    const isClaim = claimed.some(({ key }) => key === output);
    return testsOfRead(read, where).some((test) => !isClaim || !asksForPresence(test));
  });
}

function isFilledByRequest({ variable }: Entry, sync: Sync): boolean {
  if (variable === undefined) return false;
  const claimed = sync.when.some(({ action, input }) =>
    action === "request" && variablesOf(input).includes(variable)
  );
  // An output, of an authentication for example, is no mere claim.
  return claimed && !sync.when.some(({ output }) => variablesOf(output).includes(variable));
}

function isTrusted({ variable }: Entry, query: Query, where: Where, sync: Sync): boolean {
  const { entries, open } = query.output!;
  const used = [...sync.then.map(({ input }) => input), ...where.queries.map(({ input }) => input)];
  return !open && entries.length === 1 &&
    used.some(({ node }) => mentions(node, variable!).length > 0);
}

function mistake(sync: Sync, query: Query, entry: Entry): Mistake {
  const name = query.written;
  const user = entry.variable!;
  const own = user === "requester" ? "sessionUser" : "requester";
  return {
    node: entry.node,
    sync: sync.name,
    message: `\`${user}\` already holds what the request claims; ${name} only replaces it if the ` +
      `session is known.`,
    why: `For an unknown session ${name} answers [{ error: "…" }], a row without a user, and the frame ` +
      `keeps the \`${user}\` that came with the request. Anybody can act as any user: send that user's ` +
      `name and a made-up session.`,
    cure: `Give the session's user a variable of its own and compare:\n` +
      `    frames = await frames.query(${name}, …, { ${entry.key}: ${own} });\n` +
      `    return frames.filter((frame) => frame[${own}] === frame[${user}]);\n` +
      `Or take \`${user}\` out of the request's pattern, if the session alone says who it is.`,
  };
}
