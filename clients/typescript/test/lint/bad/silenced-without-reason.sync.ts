import { actions, Sync } from "@engine";
import { Notes, Requesting, Sessioning } from "@concepts";

// The guard below is used; only the comment is at fault.
export const DeleteNote: Sync = ({ request, session, user, note }) => ({
  when: actions([Requesting.request, { path: "/notes/delete", session, note }, { request }]),
  // sessioning-lint-disable-next-line guard-user-unuse -- ← unexplained-disable
  where: async (frames) => await frames.query(Sessioning._getUser, { session }, { user }),
  then: actions([Notes.delete, { owner: user, note }]),
});
