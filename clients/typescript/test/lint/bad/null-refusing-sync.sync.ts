import { actions, Sync } from "@engine";
import { Requesting, Sessioning } from "@concepts";

export const RefuseFile: Sync = ({ request, session, user }) => ({
  when: actions([Requesting.request, { path: "/library/name", session }, { request }]),
  where: async (frames) =>
    (await frames.query(Sessioning._getUser, { session }, { user }))
      .filter((frame) => (frame[user] as unknown) === null), // ← null-where-undefined
  then: actions([Requesting.respond, { request, error: "Log in first" }]),
});
