import { actions, Frames, Sync } from "@engine";
import { Admins, Follows, Items, Requesting, Sessioning, Uploads } from "@concepts";

// Who follows is the session's user; whom, the request may say.
export const Follow: Sync = ({ request, session, user, follower }) => ({
  when: actions([Requesting.request, { path: "/follow", session, user }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user: follower });
    return seen.filter(($) => $[follower] !== undefined);
  },
  then: actions([Follows.add, { follower, user }]),
});

// An administrator acts for others.
export const RemoveItem: Sync = ({ request, session, requester, owner, item, admin }) => ({
  when: actions([Requesting.request, { path: "/items/remove", session, owner, item }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user: requester });
    const known = seen.filter(($) => $[requester] !== undefined);
    return await known.query(Admins._find, { user: requester }, { admin });
  },
  then: actions([Items.remove, { owner, item }]),
});

export const RenameItem: Sync = ({ request, session, owner, item, name }) => ({
  when: actions([Requesting.request, { path: "/items/rename", session, owner, item, name }, { request }]),
  where: async (frames) => {
    const kept = new Frames();
    for (const frame of frames) {
      const [row] = await Sessioning._getUser({ session: frame[session] });
      if ("error" in row || row.user !== frame[owner]) continue;
      kept.push(frame);
    }
    return kept;
  },
  then: actions([Items.rename, { owner, item, name }]),
});

// The action compares session and owner by itself.
export const MoveItem: Sync = ({ request, session, requester, owner, item }) => ({
  when: actions([Requesting.request, { path: "/items/move", session, owner, item }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user: requester });
    return seen.filter(($) => $[requester] !== undefined);
  },
  then: actions([Uploads.move, { session, owner, item }]),
});

// Everybody who is logged in may look at the items of others.
export const ItemsOf: Sync = ({ request, session, requester, owner, item, items }) => ({
  when: actions([Requesting.request, { path: "/items/of", session, owner }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user: requester });
    const known = seen.filter(($) => $[requester] !== undefined);
    return (await known.query(Items._of, { owner }, { item })).collectAs([item], items);
  },
  then: actions([Requesting.respond, { request, owner, items }]),
});
