import { actions, Sync } from "@engine";
import { Requesting, Sessioning, UserAuthentication } from "@concepts";

export const LoginCreatesSession: Sync = ({ request, user }) => ({
  when: actions(
    [Requesting.request, { path: "/login", user }, { request }],
    [UserAuthentication.check, { user }, { valid: true }],
  ),
  then: actions([Sessioning.create, { user }]),
});
