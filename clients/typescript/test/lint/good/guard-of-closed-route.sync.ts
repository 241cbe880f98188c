import { actions, Frames, Sync } from "@engine";
import { Doors, Requesting, Sessioning } from "@concepts";

export const RemoveDoor: Sync = ({ request, session, user, door }) => ({
  when: actions([Requesting.request, { path: "/doors/remove", session, door }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user });
    console.log("closed for now", seen);
    return new Frames();
  },
  then: actions([Doors.remove, { door }]),
});
