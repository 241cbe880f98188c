import { actions, Sync } from "@engine";
import { AuthorRegistry, Friends, Posts, Requesting, Sessioning } from "@concepts";

export const WritePost: Sync = ({ request, session, user, author, text }) => ({
  when: actions([Requesting.request, { path: "/posts/write", session, author, text }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    return frames.filter((frame) => frame[user] === frame[author]);
  },
  then: actions([Posts.write, { author, text }]),
});

// The one acts, the other is whom it is done to.
export const Befriend: Sync = ({ request, session, requester, user }) => ({
  when: actions([Requesting.request, { path: "/friends/add", session, user }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user: requester });
    return frames.filter((frame) => frame[requester] !== undefined);
  },
  then: actions([Friends.add, { from: requester, user }]),
});

export const RenameAuthor: Sync = ({ request, session, user, author, name }) => ({
  when: actions([Requesting.request, { path: "/authors/rename", session, author, name }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    return frames.filter((frame) => frame[user] !== undefined);
  },
  then: actions([AuthorRegistry.rename, { author, name }]),
});
