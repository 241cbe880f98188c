import { actions, Sync } from "@engine";
import { Requesting, Sessioning, UserAuthentication } from "@concepts";

// The output pattern is left out, but the variable has no other source either.
export const SignUpAnswer: Sync = ({ request, user, session }) => ({
  when: actions(
    [Requesting.request, { path: "/signup" }, { request }],
    [UserAuthentication.register, {}, { user }],
  ),
  then: actions(
    [Sessioning.create, { user }],
    [Requesting.respond, { request, user, session }], // ← output-used-in-same-then
  ),
});
