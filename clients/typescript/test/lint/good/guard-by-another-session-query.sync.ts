import { actions, Sync } from "@engine";
import { Doors, Requesting, Sessioning } from "@concepts";

export const OpenDoor: Sync = ({ request, session, user, active, door }) => ({
  when: actions([Requesting.request, { path: "/doors/open", session, door }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    frames = await frames.query(Sessioning._isActive, { session }, { active });
    return frames.filter(($) => $[active] === true);
  },
  then: actions([Doors.open, { door }]),
});
