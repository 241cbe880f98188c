import { actions, Sync } from "@engine";
import { Posts, Requesting, Sessioning } from "@concepts";

export const WritePost: Sync = ({ request, session, user, requester, text }) => ({
  when: actions([Requesting.request, { path: "/posts/write", session, user, text }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user: requester });
    return frames.filter(($) => $[requester] === $[user]);
  },
  then: actions([Posts.write, { author: user, text }]),
});
