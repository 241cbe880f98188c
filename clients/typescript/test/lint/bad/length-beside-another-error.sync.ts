import { actions, Frames, Sync } from "@engine";
import { Queues, Requesting, Sessioning } from "@concepts";

export const TodaysQueue: Sync = ({ request, session, user, entries }) => ({
  when: actions([Requesting.request, { path: "/queues/today", session }, { request }]),
  where: async (frames) => {
    const [first] = frames;
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    if (frames.length === 0) return new Frames({ ...first, [entries]: [] }); // ← dead-length-check
    const owner = frames[0][user];
    const rows = await Queues._today({ owner });
    if ("error" in rows[0]) return new Frames({ ...first, [entries]: [] });
    return new Frames({ ...first, [entries]: rows[0].entries });
  },
  then: actions([Requesting.respond, { request, entries }]),
});
