import { actions, Sync } from "@engine";
import { Requesting, Sessioning, UserAuthentication } from "@concepts";

export const LoginRequest: Sync = ({ request, username, password }) => ({
  when: actions([Requesting.request, { path: "/login", username, password }, { request }]),
  then: actions([UserAuthentication.authenticate, { username, password }]),
});

export const LoginAnswer: Sync = ({ request, user, session }) => ({
  when: actions(
    [Requesting.request, { path: "/login" }, { request }],
    [UserAuthentication.authenticate, {}, { user }],
  ),
  then: actions(
    [Sessioning.create, { user }, { session }],
    [Requesting.respond, { request, session }], // ← output-used-in-same-then
  ),
});
