import { actions, Frames, Sync } from "@engine";
import { Files, Requesting, Sessioning } from "@concepts";

export const ViewFile: Sync = ({ request, session, user, failed, file }) => ({
  when: actions([Requesting.request, { path: "/files/view", session, file }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user, error: failed });
    if (seen.length === 0 || seen.some((frame) => frame[failed])) return new Frames();
    return seen;
  },
  then: actions([Files.view, { file }]),
});
