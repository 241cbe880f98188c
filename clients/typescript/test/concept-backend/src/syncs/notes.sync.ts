import { Frames } from "../../../engine/frames.ts";
import { actions, type Sync } from "../../../engine/sync.ts";
import { Notes, Requesting, Sessioning } from "../concepts/concepts.ts";

/** A guard that guards: frames without a user are dropped. */
export const MyNotes: Sync = ({ request, session, user, note }) => ({
  when: actions([Requesting.request, { path: "/notes/mine", session }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    frames = frames.filter((frame) => frame[user] !== undefined) as typeof frames;
    return await frames.query(Notes._of, { author: user }, { note });
  },
  then: actions([Requesting.respond, { request, user, note }]),
});

export const MyNotesRefused: Sync = ({ request, session, error }) => ({
  when: actions([Requesting.request, { path: "/notes/mine", session }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { error });
    return frames.filter((frame) => frame[error] !== undefined) as typeof frames;
  },
  then: actions([Requesting.respond, { request, error: "Log in first" }]),
});

/** The same answer where an unknown session has no row. */
export const MyNotesRefusedWithoutRow: Sync = ({ request, session, user }) => ({
  when: actions([Requesting.request, { path: "/notes/mine", session }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    // sessioning-lint-disable-next-line dead-length-check -- it is not where SESSIONING_UNKNOWN_SESSION is empty
    return known.length === 0 ? frames : new Frames();
  },
  then: actions([Requesting.respond, { request, error: "Log in first" }]),
});

/** A guard that lets everybody through: it asks for the user, and nothing needs one. */
export const DeleteNote: Sync = ({ session, user, note }) => ({
  when: actions([Requesting.request, { path: "/notes/delete", session, note }, {}]),
  // sessioning-lint-disable-next-line guard-user-unused -- the test shows what comes of it
  where: (frames) => frames.query(Sessioning._getUser, { session }, { user }),
  then: actions([Notes.delete, { note }]),
});

export const DeleteNoteAnswer: Sync = ({ request, deleted }) => ({
  when: actions(
    [Requesting.request, { path: "/notes/delete" }, { request }],
    [Notes.delete, {}, { deleted }],
  ),
  then: actions([Requesting.respond, { request, deleted }]),
});

/** The same hole where not even `user` is asked for. */
export const CountNote: Sync = ({ request, session }) => ({
  when: actions([Requesting.request, { path: "/notes/count", session }, { request }]),
  // sessioning-lint-disable-next-line guard-user-unused -- the test shows what comes of it
  where: (frames) => frames.query(Sessioning._getUser, { session }, {}),
  then: actions([Requesting.respond, { request, count: 2 }]),
});
