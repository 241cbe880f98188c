import { actions, Sync } from "@engine";
import { Requesting, Sessioning, UserAuthentication } from "@concepts";

export const SignUpCreatesSession: Sync = ({ request, user }) => ({
  when: actions(
    [Requesting.request, { path: "/Sessioning/create" }, { request }],
    [UserAuthentication.register, {}, { user }],
  ),
  then: actions([Sessioning.create, { user }]),
});
