import { actions, Sync } from "@engine";
import { Notes, Requesting, Sessioning, UserAuthentication } from "@concepts";

export const LoginCreatesSession: Sync = ({ user }) => ({
  when: actions([UserAuthentication.authenticate, {}, { user }]),
  then: actions([Sessioning.createSession, { user }]), // ← renamed-member
});

export const MyNotes: Sync = ({ request, session, user, note, notes }) => ({
  when: actions([Requesting.request, { path: "/notes/mine", session }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning.getUser, { session }, { user }); // ← renamed-member
    const rows = await known.query(Notes._ofOwner, { owner: user }, { note });
    return rows.collectAs([note], notes);
  },
  then: actions([Requesting.respond, { request, notes }]),
});

export const OtherNotes: Sync = ({ request, session, user, note }) => ({
  when: actions([Requesting.request, { path: "/notes/other", session }, { request }]),
  where: async (frames) => await frames.query(Sessioning.getUser, { session }, { user }),
  then: actions([Notes.show, { user, note }]),
});

export const Logout: Sync = ({ request, sessionId }) => ({
  when: actions([Requesting.request, { path: "/logout", sessionId }, { request }]),
  then: actions([Sessioning.endSession, { sessionId }]), // ← renamed-member
});
