import { actions, Sync } from "@engine";
import { Posts, Requesting, Sessioning } from "@concepts";

export const WritePost: Sync = ({ request, session, user, text }) => ({
  when: actions([Requesting.request, { path: "/posts/write", session, user, text }, { request }]),
  where: async (frames) => frames.query(Sessioning._getUser, { session }, { user }), // ← guard-user-from-request
  then: actions([Posts.write, { author: user, text }]),
});
