import { actions, Sync } from "@engine";
import { Requesting, Sessioning } from "@concepts";

export const LoginAnswer: Sync = ({ request, session, error }) => ({
  when: actions(
    [Requesting.request, { path: "/login" }, { request }],
    [Sessioning.create, {}, { session, error }], // ← response-waits-for-missing-output
  ),
  then: actions([Requesting.respond, { request, session, error }]),
});
