import { actions, Sync } from "@engine";
import { Requesting, Sessioning, UserAuthentication } from "@concepts";

export const Login: Sync = ({ request, user, password, valid }) => ({
  when: actions([Requesting.request, { path: "/login", user, password }, { request }]),
  where: async (frames) => {
    frames = await frames.query(UserAuthentication._check, { user, password }, { valid });
    return frames.filter(($) => $[valid] === true);
  },
  then: actions([Sessioning.create, { user }]),
});
