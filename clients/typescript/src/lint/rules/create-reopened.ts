import ts from "typescript";
import type { Entry } from "../pattern.ts";
import type { Mistake, Rule } from "../rule.ts";
import type { Step, Sync } from "../sync.ts";
import { descendants, isPrinted } from "../syntax.ts";
import type { Where } from "../where.ts";

/** A session for whatever user the request names. */
export const createReopened: Rule = {
  name: "create-reopened",
  summary: "a session is created for whatever user the request names",
  *check(file) {
    for (const sync of file.syncs) {
      if (!sync.when.every(isRequest) || !isIdle(sync.where)) continue;
      for (const step of sync.then) {
        if (!file.concepts.isSession(step.concept) || step.action !== "create") continue;
        const claimed = step.input.entries.find((entry) => isFromRequest(entry, sync));
        if (claimed !== undefined) yield mistake(sync, step, claimed);
      }
    }
  },
};

function isRequest({ action, input }: Step): boolean {
  return action === "request" && input.entries.some(({ key }) => key === "path");
}

function isFromRequest({ variable }: Entry, sync: Sync): boolean {
  return variable !== undefined && sync.when.some(({ input }) =>
    input.entries.some((entry) => entry.variable === variable)
  );
}

/** True if a `where` does nothing but print: whatever else it calls may be a check. */
function isIdle(where: Where | undefined): boolean {
  if (where === undefined) return true;
  if (where.fn?.body === undefined) return false;
  return ![...descendants(where.fn.body)].some((node) =>
    ts.isIfStatement(node) || ts.isThrowStatement(node) || ts.isConditionalExpression(node) ||
    ((ts.isCallExpression(node) || ts.isNewExpression(node)) && !isPrinted(node) &&
      !node.expression.getText().startsWith("console."))
  );
}

function mistake(sync: Sync, step: Step, claimed: Entry): Mistake {
  const request = sync.when[0]!;
  const path = request.input.entries.find(({ key }) => key === "path")?.text;
  const key = request.input.entries.find(({ variable }) => variable === claimed.variable)?.key;
  const beside = sync.then.length === 1
    ? ""
    : ` An action beside it in the same \`then\` is no check, for it cannot stop ${step.written}.`;
  return {
    node: claimed.node,
    sync: sync.name,
    message: `${step.written} takes \`${claimed.variable}\` straight from the request` +
      `${path === undefined ? "" : ` to ${path}`}.`,
    why: `Nothing has checked a password: anybody who sends {"${key}": "alice"} gets a session of ` +
      `alice.${beside}`,
    cure: `Let the session be made by the action that checked the password, and take the user from its ` +
      `output:\n` +
      `    export const LoginCreatesSession: Sync = ({ user }) => ({\n` +
      `      when: actions([UserAuthentication.authenticate, {}, { user }]),\n` +
      `      then: actions([${step.written}, { user }]),\n` +
      `    });`,
  };
}
