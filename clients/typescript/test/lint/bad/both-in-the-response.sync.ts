import { actions, Sync } from "@engine";
import { Notes, Requesting, Sessioning } from "@concepts";

export const WhoAmI: Sync = ({ request, session, user, error }) => ({
  when: actions([Requesting.request, { path: "/me", session }, { request }]),
  where: async (frames) => await frames.query(Sessioning._getUser, { session }, { user, error }),
  then: actions([Requesting.respond, {
    request,
    user,
    error, // ← user-and-error-together
  }]),
});

export const ShareNote: Sync = ({ request, session, user, failed, note }) => ({
  when: actions([Requesting.request, { path: "/notes/share", session, note }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    return await known.query(Sessioning._getUser, { session }, { error: failed });
  },
  then: actions(
    [Notes.share, { note, by: user }],
    [Requesting.respond, { request, error: failed }], // ← user-and-error-together
  ),
});
