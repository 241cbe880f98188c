import { actions, Sync } from "@engine";
import { Requesting, Sessioning, Tasks } from "@concepts";

// The filter before the query may have dropped every frame, so the test is alive.
export const DropTask: Sync = ({ request, session, user, task }) => ({
  when: actions([Requesting.request, { path: "/tasks/drop", session, task }, { request }]),
  where: async (frames) => {
    const wellFormed = frames.filter(($) => typeof $[task] === "string");
    const known = await wellFormed.query(Sessioning._getUser, { session }, { user });
    if (known.length === 0) return known;
    return known;
  },
  then: actions([Tasks.drop, { owner: user, task }]),
});
