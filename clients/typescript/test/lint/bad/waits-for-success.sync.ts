import { actions, Sync } from "@engine";
import { Requesting, Sessioning } from "@concepts";

export const LoginAnswer: Sync = ({ request, success }) => ({
  when: actions(
    [Requesting.request, { path: "/login" }, { request }],
    [Sessioning.create, {}, { success }], // ← response-waits-for-missing-output
  ),
  then: actions([Requesting.respond, { request, success }]),
});
