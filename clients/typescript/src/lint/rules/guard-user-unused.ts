import ts from "typescript";
import { readsOf } from "../checks.ts";
import { mayFollow } from "../flow.ts";
import { handsFramesOut, passesFramesOn } from "../passage.ts";
import { variablesOf } from "../pattern.ts";
import { type Mistake, type Rule, sessionQueries } from "../rule.ts";
import type { Step, Sync } from "../sync.ts";
import { descendants, isPrinted, isWithin, mentions } from "../syntax.ts";
import { isFrameRead, type Query, type Where } from "../where.ts";
import { unknownOutputs } from "./guard-unknown-output.ts";

/** A session query whose user is not used: it stops nobody. */
export const guardUserUnused: Rule = {
  name: "guard-user-unused",
  summary: "a session query whose user is never used lets everybody through",
  *check(file) {
    for (const sync of file.syncs) {
      const { where } = sync;
      if (where?.fn === undefined || onlyRefuses(sync)) continue;
      const asked = sessionQueries(where, file.concepts);
      for (const query of asked) {
        // Used or not, an output that there is not has a rule and a cure of its own.
        if (unknownOutputs(query, file.concepts).length > 0) continue;
        if (stopsNobody(query, where, sync, asked) && !leavesItToActions(query, sync)) yield mistake(sync, query);
      }
    }
  },
};

function stopsNobody(query: Query, where: Where, sync: Sync, asked: Query[]): boolean {
  if (query.output === undefined || query.output.open || query.input.open) return false;
  return !usesAnswer(query, where, sync) && !hasOtherGuard(query, where, sync, asked) &&
    passesFramesOn(where) && !handsFramesOut(where);
}

function usesAnswer(query: Query, where: Where, sync: Sync): boolean {
  return variablesOf(query.output).some((variable) => isUsed(variable, query, where, sync)) ||
    isLookedInto(where, query);
}

function isUsed(variable: string, query: Query, where: Where, sync: Sync): boolean {
  return mentions(where.node, variable).some((mention) => isUse(mention, query, where)) ||
    [...sync.when, ...sync.then].some(({ node }) => mentions(node, variable).length > 0);
}

/** What reads a frame has its own judge; an output of a query is where a value comes from. */
function isUse(mention: ts.Identifier, query: Query, where: Where): boolean {
  return !isPrinted(mention) && !isFrameRead(mention) && mayFollow(mention, query, where) &&
    !where.queries.some(({ output }) => output !== undefined && isWithin(mention, output.node));
}

/** Frames have symbols for keys, yet whoever reads `frame.user` means to check something. */
function isLookedInto(where: Where, query: Query): boolean {
  return readsOf(where, query).length > 0 ||
    [...descendants(where.node)].some((node) => namesUser(node) && !isWithin(node, query.call));
}

/** `Object.keys(frame).includes("user")` */
function namesUser(node: ts.Node): boolean {
  return ts.isStringLiteralLike(node) && node.text === "user" && ts.isCallExpression(node.parent) &&
    !isPrinted(node);
}

/** Another query that asks about the same session may be the one that guards, if its answer is used. */
function hasOtherGuard(query: Query, where: Where, sync: Sync, asked: Query[]): boolean {
  const sessions = variablesOf(query.input);
  return where.queries.some((other) => {
    if (other === query) return false;
    if (asked.includes(other)) return other.output?.open || usesAnswer(other, where, sync);
    return other.concept === query.concept ||
      sessions.some((session) => mentions(other.input.node, session).length > 0);
  });
}

/** An action that takes the session, as logging out does, can tell for itself that it is unknown. */
function leavesItToActions(query: Query, sync: Sync): boolean {
  return sync.then.some(({ action }) => action !== "respond") && openAction(query, sync) === undefined;
}

/** The first action that runs for everybody. */
function openAction(query: Query, sync: Sync): Step | undefined {
  const sessions = variablesOf(query.input);
  return sync.then.find(({ action, input }) =>
    action !== "respond" && !variablesOf(input).some((v) => sessions.includes(v))
  );
}

function onlyRefuses(sync: Sync): boolean {
  return sync.then.every(({ action, input }) =>
    action === "respond" && input.entries.some(({ key }) => key === "error")
  );
}

function mistake(sync: Sync, query: Query): Mistake {
  const name = query.written;
  const entry = query.output!.entries.find(({ variable }) => variable !== undefined);
  const user = entry?.variable ?? "user";
  const session = variablesOf(query.input)[0] ?? "session";
  const action = openAction(query, sync) ?? sync.then[0];
  return {
    node: entry?.node ?? query.call,
    sync: sync.name,
    message: entry === undefined
      ? `${name} is asked, and its answer is not kept: this guard stops nobody.`
      : `\`${user}\` is asked for and never used: this guard stops nobody.`,
    why: `For an unknown \`${session}\` ${name} answers [{ error: "…" }], a list with one row. The frame ` +
      `lives on, only without \`${user}\`. As nothing needs \`${user}\`, ` +
      `${action?.written ?? "the `then`"} runs for everybody, ` +
      `with any session or a made-up one.`,
    cure: `Drop the frames that have no user, before anything else:\n` +
      `    frames = await frames.query(${name}, { ${pair("session", session)} }, { ${pair("user", user)} });\n` +
      `    return frames.filter((frame) => frame[${user}] !== undefined);\n` +
      (sync.variables.has(user) ? "" : `Add \`${user}\` to the parameters of ${sync.name}. `) +
      `To answer the others, write a second sync that keeps the frames in which \`${user}\` is ` +
      `undefined and responds with an error.`,
  };
}

function pair(key: string, variable: string): string {
  return key === variable ? key : `${key}: ${variable}`;
}
