import { actions, Frames, Sync } from "@engine";
import { Library, Requesting, Sessioning } from "@concepts";

export const CloseFile: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/library/close", session, file }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    const kept = new Frames();
    for (const frame of known) {
      const who = frame[user] as string | null;
      if (null === who) continue; // ← null-where-undefined
      kept.push(frame);
    }
    return kept;
  },
  then: actions([Library.close, { file, by: user }]),
});
