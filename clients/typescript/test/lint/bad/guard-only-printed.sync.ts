import { actions, Sync } from "@engine";
import { Files, Requesting, Sessioning } from "@concepts";

export const ViewFile: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/files/view", session, file }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user }); // ← guard-user-unused
    for (const frame of known) console.log("viewed by", frame[user]);
    return known;
  },
  then: actions([Files.view, { file }]),
});
