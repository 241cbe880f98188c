import { actions, Sync } from "@engine";
import { Library, Requesting, Sessioning } from "@concepts";
import { orNull } from "../values.ts";

// Here the missing user is null, because the map says so.
export const ReadFile: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/library/read", session, file }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    return known
      .map((frame) => ({ ...frame, [user]: orNull(frame[user]) }))
      .filter((frame) => frame[user] !== null);
  },
  then: actions([Library.read, { file }]),
});
