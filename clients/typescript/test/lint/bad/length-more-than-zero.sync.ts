import { actions, Frames, Sync } from "@engine";
import { Requesting, Sessioning, Votes } from "@concepts";

export const Vote: Sync = ({ request, session, user, choice }) => ({
  when: actions([Requesting.request, { path: "/vote", session, choice }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    if (0 < known.length) return known; // ← dead-length-check
    return new Frames();
  },
  then: actions([Votes.cast, { voter: user, choice }]),
});
