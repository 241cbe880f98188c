import { actions, Sync } from "@engine";
import { Notes, Requesting, Sessioning } from "@concepts";

export const MyNotes: Sync = ({ request, session, user, note, notes }) => ({
  when: actions([Requesting.request, { path: "/notes/mine", session }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    const rows = await known.query(Notes._ofOwner, { owner: user }, { note });
    return rows.collectAs([note], notes);
  },
  then: actions([Requesting.respond, { request, notes }]),
});
