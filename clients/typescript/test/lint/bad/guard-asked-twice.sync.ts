import { actions, Sync } from "@engine";
import { Doors, Requesting, Sessioning } from "@concepts";

export const SlamDoor: Sync = ({ request, session, user, again, door }) => ({
  when: actions([Requesting.request, { path: "/doors/slam", session, door }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user }); // ← guard-user-unused
    return await frames.query(Sessioning._getUser, { session }, { user: again }); // ← guard-user-unused
  },
  then: actions([Doors.slam, { door }]),
});
