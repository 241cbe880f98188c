import { actions, Sync } from "@engine";
import { Library, Requesting, Sessioning } from "@concepts";

export const NewFile: Sync = ({ request, session, user }) => ({
  when: actions([Requesting.request, { path: "/library/new", session }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    return frames.filter(($) => $[user] !== null); // ← null-where-undefined
  },
  then: actions([Library.open, { owner: user }]),
});
