import { actions, Sync } from "@engine";
import { Posts, Requesting, Sessioning } from "@concepts";

// The request has filled `user`, so it is there for everybody.
export const PinPost: Sync = ({ request, session, user, post }) => ({
  when: actions([Requesting.request, { path: "/posts/pin", session, user, post }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user }); // ← guard-user-from-request
    return seen.filter(($) => $[user] !== undefined);
  },
  then: actions([Posts.pin, { post, by: user }]),
});
