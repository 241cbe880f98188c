import { actions, Frames, Sync } from "@engine";
import { Notebooks, Notes, Queues, Requesting, Sessioning, Wishes } from "@concepts";

// Guards as back ends have them, which look at the error of something else.
function hasError(frame: Record<PropertyKey, unknown>): boolean {
  return typeof frame.error === "string";
}

export const SwipeStats: Sync = ({ request, session, user, item, total }) => ({
  when: actions([Requesting.request, { path: "/swipes/stats", session, item }, { request }]),
  where: async (frames) => {
    const original = frames[0];
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    if (frames.length === 0) { // ← dead-length-check
      return new Frames({ ...original, [total]: 0 });
    }
    const currentUser = frames[0][user] as string;
    const stats = await Wishes._stats({ owner: currentUser, item: frames[0][item] });
    if ("error" in stats[0]) return new Frames({ ...original, [total]: 0 });
    return new Frames({ ...original, [total]: stats[0].total });
  },
  then: actions([Requesting.respond, { request, total }]),
});

export const CreateNotebookRefused: Sync = ({ request, session, someone, error }) => ({
  when: actions([Requesting.request, { path: "/notebooks/create", session }, { request }]),
  where: async (frames) => {
    const original = frames[0];
    const owners = await frames.query(Sessioning._getUser, { session }, { user: someone });
    if (owners.length === 0 || hasError(owners[0])) { // ← dead-length-check
      const message = (owners[0] as any).error as string;
      return new Frames({ ...original, [error]: message });
    }
    return new Frames();
  },
  then: actions([Requesting.respond, { request, error }]),
});

export const ClearQueue: Sync = ({ request, session, user, queue }) => ({
  when: actions([Requesting.request, { path: "/queues/clear", session, queue }, { request }]),
  where: async (frames) => {
    const [found] = await Queues._find({ queue: frames[0][queue] });
    if (found?.error !== undefined) return new Frames();
    const seen = await frames.query(Sessioning._getUser, { session }, { user }); // ← guard-user-unused
    return seen;
  },
  then: actions([Queues.clear, { queue }]),
});

export const PurgeNotes: Sync = ({ request, session, user, note, notes }) => ({
  when: actions([Requesting.request, { path: "/notes/purge", session, notes }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user }); // ← guard-user-unused
    const rows = await Promise.all(seen.map((frame) => Notes._check({ notes: frame[notes] })));
    if (rows.some(([row]) => row["error"])) return new Frames();
    return seen;
  },
  then: actions([Notebooks.purge, { notes }]),
});
