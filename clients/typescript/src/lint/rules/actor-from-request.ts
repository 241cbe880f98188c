import { asksForPresence, isTested, looksIntoAnswer, outputOf, readsOf } from "../checks.ts";
import { handsFramesOut } from "../passage.ts";
import { type Entry, variablesOf } from "../pattern.ts";
import type { Read } from "../reads.ts";
import { type Mistake, type Rule, sessionQueries } from "../rule.ts";
import type { Step, Sync } from "../sync.ts";
import { isPrinted, isWithin, mentions } from "../syntax.ts";
import { isFrameRead, type Query, type Where } from "../where.ts";

/** Keys under which a request names the one who acts. */
const ACTOR = /^(user|user_?id|user_?name|author|owner|creator|sender|requester|actor)$/i;

/** A sync checks that there is a session, and then acts as the user that the request names. */
export const actorFromRequest: Rule = {
  name: "actor-from-request",
  summary: "a sync checks the session, and then acts as the user that the request names",
  *check(file) {
    for (const sync of file.syncs) {
      const { where } = sync;
      const queries = sessionQueries(where, file.concepts);
      if (where?.fn === undefined || !onlyAsksForPresence(queries, where, sync)) continue;
      const claims = claimsOf(sync).filter((variable) => !isMentioned(variable, where));
      for (const step of sync.then) {
        const entry = claimIn(step, claims, queries);
        if (entry !== undefined) yield mistake(sync, step, entry, queries[0]!);
      }
    }
  },
};

/** True if a sync stops strangers, and who the others are makes no difference to it. */
function onlyAsksForPresence(queries: Query[], where: Where, sync: Sync): boolean {
  return queries.some((query) => looksIntoAnswer(where, query)) && !handsFramesOut(where) &&
    !queries.some((query) => query.output?.open || usesUser(query, where, sync)) &&
    !where.queries.some((other) => !queries.includes(other) && asksAboutSession(other, queries));
}

/** True if the session's user goes anywhere, or is compared with something. */
function usesUser(query: Query, where: Where, sync: Sync): boolean {
  const variables = variablesOf(query.output);
  return variables.some((variable) => isHandedOn(variable, where)) ||
    sync.then.some(({ input }) => variablesOf(input).some((variable) => variables.includes(variable))) ||
    readsOf(where, query).some((read) => outputOf(read, query) !== "error" && !isPresenceTest(read));
}

function isPresenceTest({ value, name }: Read): boolean {
  return value === undefined ? name === undefined : isTested(value) && asksForPresence(value);
}

function isHandedOn(variable: string, where: Where): boolean {
  return mentions(where.node, variable).some((mention) =>
    !isFrameRead(mention) && !isPrinted(mention) &&
    !where.queries.some(({ output }) => output !== undefined && isWithin(mention, output.node))
  );
}

/** `Admins._isAdmin({ session })` may say that this session may act for others. */
function asksAboutSession({ input }: Query, queries: Query[]): boolean {
  return queries.flatMap((query) => variablesOf(query.input))
    .some((session) => mentions(input.node, session).length > 0);
}

/** The variables for users that nothing but the request vouches for. */
function claimsOf(sync: Sync): string[] {
  const vouched = sync.when.flatMap(({ output }) => variablesOf(output));
  return sync.when.filter(({ action }) => action === "request").flatMap(({ input }) =>
    input.entries.filter(({ key }) => ACTOR.test(key)).flatMap(({ variable }) => variable ?? [])
  ).filter((variable) => !vouched.includes(variable));
}

function isMentioned(variable: string, where: Where): boolean {
  return mentions(where.node, variable).some((mention) => !isPrinted(mention));
}

/** An action that takes the session as well can compare the two by itself. */
function claimIn({ concept, action, input }: Step, claims: string[], queries: Query[]): Entry | undefined {
  const sessions = queries.flatMap((query) => variablesOf(query.input));
  if (action === "respond" || variablesOf(input).some((variable) => sessions.includes(variable))) return undefined;
  return input.entries.find(({ key, variable }) =>
    variable !== undefined && claims.includes(variable) && !isWhatItIsAbout(concept, key)
  );
}

/** True for the `author` of `AuthorRegistry.rename`. A concept of users keeps those who act. */
function isWhatItIsAbout(concept: string, key: string): boolean {
  return !/user/i.test(key) && concept.toLowerCase().includes(key.toLowerCase());
}

function mistake(sync: Sync, step: Step, { node, variable: claimed }: Entry, query: Query): Mistake {
  const own = claimed === "requester" ? "sessionUser" : "requester";
  return {
    node,
    sync: sync.name,
    message: `${step.written} takes \`${claimed}\` from the request, and nothing compares it with the session's user.`,
    why: `The session is checked, so somebody is logged in. But the request names whom ${step.written} acts for: ` +
      `whoever is logged in can send the name of any other user.`,
    cure: `Take the user from the session. Leave \`${claimed}\` out of the request's pattern, and ask for it:\n` +
      `    frames = await frames.query(${query.written}, …, { user: ${claimed} });\n` +
      `    return frames.filter((frame) => frame[${claimed}] !== undefined);\n` +
      `If the request has to name it, compare:\n` +
      `    frames = await frames.query(${query.written}, …, { user: ${own} });\n` +
      `    return frames.filter((frame) => frame[${own}] === frame[${claimed}]);`,
  };
}
