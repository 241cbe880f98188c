import { actions, Frames, Sync } from "@engine";
import { Requesting, Sessioning, Tasks } from "@concepts";

export const AddTask: Sync = ({ request, session, user, title }) => ({
  when: actions([Requesting.request, { path: "/tasks/add", session, title }, { request }]),
  where: async (frames) => {
    const known = (await frames.query(Sessioning._getUser, { session }, { user }))
      .filter(($) => $[user]);
    if (!known.length) return new Frames();
    return known;
  },
  then: actions([Tasks.add, { owner: user, title }]),
});
