import { actions, Sync } from "@engine";
import { Requesting, Sessioning } from "@concepts";

export const LogoutAnswer: Sync = ({ request, session }) => ({
  when: actions(
    [Requesting.request, { path: "/logout" }, { request }],
    [Sessioning.delete, {}, { session }], // ← response-waits-for-missing-output
  ),
  then: actions([Requesting.respond, { request, status: "logged out" }]),
});
