import { actions, Sync } from "@engine";
import { Requesting, Sessioning, UserAuthentication } from "@concepts";

const PATH = "/login";

export const Login: Sync = ({ request, user: username, password }) => ({
  when: actions([Requesting.request, { path: PATH, username, password }, { request }]),
  where: (frames) => {
    console.log("login", frames.length);
    return frames;
  },
  then: actions(
    [UserAuthentication.authenticate, { username, password }],
    [Sessioning.create, { user: username }], // ← create-reopened
  ),
});
