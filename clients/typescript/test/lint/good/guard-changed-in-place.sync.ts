import { actions, Sync } from "@engine";
import { Doors, Requesting, Sessioning } from "@concepts";
import { removeStrangers } from "../guards.ts";

export const PaintDoor: Sync = ({ request, session, user, door }) => ({
  when: actions([Requesting.request, { path: "/doors/paint", session, door }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user });
    removeStrangers(seen);
    return seen;
  },
  then: actions([Doors.paint, { door }]),
});
