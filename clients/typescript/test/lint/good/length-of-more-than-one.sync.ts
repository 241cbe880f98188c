import { actions, Frames, Sync } from "@engine";
import { Requesting, Sessioning, Tasks } from "@concepts";

export const OneTask: Sync = ({ request, session, user, task }) => ({
  when: actions([Requesting.request, { path: "/tasks/one", session, task }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    console.log(`${known.length} frames`, known.length === 0);
    if (known.length > 0) console.log("user", known[0][user]);
    if (known.length === 0) {
      console.log("nobody");
    }
    return known.length > 1 ? new Frames() : known;
  },
  then: actions([Tasks.start, { owner: user, task }]),
});
