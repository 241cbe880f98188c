import { actions, Sync } from "@engine";
import { Notes, Posting, Requesting, Sessioning } from "@concepts";

export const AddNote: Sync = ({ request, session, user, error, note }) => ({
  when: actions([Requesting.request, { path: "/notes/add", session, note }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user, error });
    return seen.filter(($) => $[user] !== undefined && $[error] === undefined);
  },
  then: actions([Notes.add, { note, by: user }]),
});

export const AddNoteRefused: Sync = ({ request, session, user, error, note }) => ({
  when: actions([Requesting.request, { path: "/notes/add", session, note }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user, error });
    return seen.filter(($) => $[user] === undefined && $[error] !== undefined);
  },
  then: actions([Requesting.respond, { request, error }]),
});

// The map fills whichever is missing.
export const WhoAmI: Sync = ({ request, session, user, error }) => ({
  when: actions([Requesting.request, { path: "/me", session }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user, error });
    return seen.map(($) => ({ ...$, [user]: $[user] ?? "nobody", [error]: $[error] ?? "none" }));
  },
  then: actions([Requesting.respond, { request, user, error }]),
});

// The error is the post's, and the user the session's.
export const PostError: Sync = ({ request, session, user, error }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/write", session }, { request }],
    [Posting.write, {}, { error }],
  ),
  where: async (frames) => await frames.query(Sessioning._getUser, { session }, { user }),
  then: actions([Requesting.respond, { request, user, error }]),
});
