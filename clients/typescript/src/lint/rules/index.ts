import type { Rule } from "../rule.ts";
import { actorFromRequest } from "./actor-from-request.ts";
import { createReopened } from "./create-reopened.ts";
import { deadLengthCheck } from "./dead-length-check.ts";
import { guardUnknownOutput } from "./guard-unknown-output.ts";
import { guardUserFromRequest } from "./guard-user-from-request.ts";
import { guardUserUnused } from "./guard-user-unused.ts";
import { nullWhereUndefined } from "./null-where-undefined.ts";
import { outputUsedInSameThen } from "./output-used-in-same-then.ts";
import { renamedMember } from "./renamed-member.ts";
import { responseWaitsForMissingOutput } from "./response-waits-for-missing-output.ts";
import { userAndErrorTogether } from "./user-and-error-together.ts";

/** Every rule, in the order of the documentation. */
export const rules: readonly Rule[] = [
  outputUsedInSameThen,
  guardUserUnused,
  guardUnknownOutput,
  guardUserFromRequest,
  actorFromRequest,
  userAndErrorTogether,
  deadLengthCheck,
  nullWhereUndefined,
  createReopened,
  responseWaitsForMissingOutput,
  renamedMember,
];
