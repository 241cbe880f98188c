import { actions, Frames, Sync } from "@engine";
import { Doors, Requesting, Sessioning } from "@concepts";

export const LockDoor: Sync = ({ request, session, user, door }) => ({
  when: actions([Requesting.request, { path: "/doors/lock", session, door }, { request }]),
  where: async (frames) => {
    const kept = new Frames();
    for (const frame of frames) {
      const rows = await Sessioning._getUser({ session: frame[session] as string });
      if (rows.length === 0 || "error" in rows[0]) continue;
      kept.push({ ...frame, [user]: rows[0].user });
    }
    return kept;
  },
  then: actions([Doors.lock, { door }]),
});
