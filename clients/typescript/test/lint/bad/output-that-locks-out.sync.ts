import { actions, Sync } from "@engine";
import { Posting, Requesting, Sessioning } from "@concepts";

export const DeletePost: Sync = ({ request, session, post, user }) => ({
  when: actions([Requesting.request, { path: "/posts/delete", session, post }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { userId: user }); // ← guard-unknown-output
    return frames.filter((frame) => frame[user] !== undefined);
  },
  then: actions([Posting.delete, { post, user }]),
});
