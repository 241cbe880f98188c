import { actions, Sync } from "@engine";
import { Notes, Requesting, Sessioning } from "@concepts";

export const DeleteNote: Sync = ({ request, session, user, note }) => ({
  when: actions([Requesting.request, { path: "/notes/delete", session, note }, { request }]),
  where: async (frames) => await frames.query(Sessioning._getUser, { session }, { user }), // ← guard-user-unused
  then: actions([Notes.delete, { note }]),
});
