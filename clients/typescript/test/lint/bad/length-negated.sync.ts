import { actions, Sync } from "@engine";
import { Requesting, Sessioning, Tasks } from "@concepts";

export const TaskList: Sync = ({ request, session, user, task, tasks, error }) => ({
  when: actions([Requesting.request, { path: "/tasks/list", session }, { request }]),
  where: async (frames) => {
    const [original] = frames;
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    if (!frames.length) return frames.map(() => ({ ...original, [error]: "Log in first" })); // ← dead-length-check
    frames = await frames.query(Tasks._ofOwner, { owner: user }, { task });
    return frames.collectAs([task], tasks);
  },
  then: actions([Requesting.respond, { request, tasks }]),
});
