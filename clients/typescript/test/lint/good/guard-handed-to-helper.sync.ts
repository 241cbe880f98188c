import { actions, Frames, Sync } from "@engine";
import { Files, Requesting, Sessioning } from "@concepts";
import { withoutStrangers } from "../guards.ts";

export const ShareFile: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/files/share", session, file }, { request }]),
  where: async (frames: Frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user });
    return withoutStrangers(seen);
  },
  then: actions([Files.share, { file }]),
});
