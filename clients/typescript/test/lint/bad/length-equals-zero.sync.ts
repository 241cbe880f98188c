import { actions, Frames, Sync } from "@engine";
import { Requesting, Sessioning, Tasks } from "@concepts";

export const AddTask: Sync = ({ request, session, user, title }) => ({
  when: actions([Requesting.request, { path: "/tasks/add", session, title }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    if (known.length === 0) { // ← dead-length-check
      console.log("not logged in");
      return new Frames();
    }
    return known;
  },
  then: actions([Tasks.add, { owner: user, title }]),
});
