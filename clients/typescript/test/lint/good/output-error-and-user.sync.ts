import { actions, Sync } from "@engine";
import { Posting, Requesting, Sessioning } from "@concepts";

export const DeletePost: Sync = ({ request, session, post, user, error }) => ({
  when: actions([Requesting.request, { path: "/posts/delete", session, post }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user, error });
    return frames.filter((frame) => frame[error] === undefined);
  },
  then: actions([Posting.delete, { post, user }]),
});
