import { actions, Sync } from "@engine";
import { Library, Requesting, Sessioning } from "@concepts";

export const CloseFile: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/library/close", session, file }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    return known.filter((frame) => {
      const who = frame[user];
      return who !== undefined && who !== null;
    });
  },
  then: actions([Library.close, { file }]),
});
