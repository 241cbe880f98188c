import { actions, Sync } from "@engine";
import { Requesting, Sessioning, Tasks } from "@concepts";

export const MyTasks: Sync = ({ request, session, user, task, tasks }) => ({
  when: actions([Requesting.request, { path: "/tasks/mine", session }, { request }]),
  where: async (frames) => {
    const [original] = frames;
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    frames = await frames.query(Tasks._ofOwner, { owner: user }, { task });
    if (frames.length === 0) return frames.map(() => ({ ...original, [tasks]: [] }));
    return frames.collectAs([task], tasks);
  },
  then: actions([Requesting.respond, { request, tasks }]),
});
