import { actions, Sync } from "@engine";
import { Requesting, Sessioning } from "@concepts";

export const RefuseStrangers: Sync = ({ request, session, user }) => ({
  when: actions([Requesting.request, { path: "/doors/open", session }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user });
    return seen.filter((frame) => frame[user] === undefined);
  },
  then: actions([Requesting.respond, { request, error: "Log in first" }]),
});
