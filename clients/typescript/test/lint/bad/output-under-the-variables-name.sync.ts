import { actions, Sync } from "@engine";
import { Posting, Requesting, Sessioning } from "@concepts";

export const DeletePost: Sync = ({ request, session, post, requester }) => ({
  when: actions([Requesting.request, { path: "/posts/delete", session, post }, { request }]),
  where: (frames) =>
    frames.query(Sessioning._getUser, { session }, { requester }), // ← guard-unknown-output
  then: actions([Posting.delete, { post }]),
});
