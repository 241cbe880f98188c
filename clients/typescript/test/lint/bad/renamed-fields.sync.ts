import { actions, Frames, Sync } from "@engine";
import { Notes, Requesting, Sessioning } from "@concepts";

export const AddNote: Sync = ({ request, sessionId, user, note }) => ({
  when: actions([Requesting.request, { path: "/notes/add", sessionId, note }, { request }]),
  where: async (frames) =>
    await frames.query(Sessioning._getUser, {
      sessionId, // ← renamed-member
    }, { user }),
  then: actions([Notes.add, { note, user }]),
});

export const CountNotes: Sync = ({ request, token, user, note }) => ({
  when: actions([Requesting.request, { path: "/notes/count", token }, { request }]),
  where: async (frames) => {
    const kept = new Frames();
    for (const frame of frames) {
      const [row] = await Sessioning["_getUser"]({ token: frame[token] }); // ← renamed-member
      if (row.user) kept.push({ ...frame, [user]: row.user });
    }
    return kept;
  },
  then: actions([Notes.count, { note, user }]),
});
