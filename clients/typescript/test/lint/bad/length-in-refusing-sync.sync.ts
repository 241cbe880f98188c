import { actions, Frames, Sync } from "@engine";
import { Requesting, Sessioning } from "@concepts";

// Meant to answer those who are not logged in; it never does.
export const Refuse: Sync = ({ request, session, user }) => ({
  when: actions([Requesting.request, { path: "/me", session }, { request }]),
  where: async (frames) => {
    const original = frames[0];
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    return known.length < 1 // ← dead-length-check
      ? new Frames({ ...original })
      : new Frames();
  },
  then: actions([Requesting.respond, { request, error: "Log in first" }]),
});
