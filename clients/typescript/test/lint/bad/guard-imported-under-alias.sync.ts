import { actions, Sync } from "@engine";
import { Polls, Requesting, Sessioning as Logins } from "@concepts";

export const ClosePoll: Sync = ({ request, session, user, poll }) => ({
  when: actions([Requesting.request, { path: "/polls/close", session, poll }, { request }]),
  where: async (frames) => {
    try {
      const seen = await frames.query(Logins._getUser, { session }, { user }); // ← guard-user-unused
      return seen;
    } catch (reason) {
      console.error(reason);
      return frames.filter(() => false);
    }
  },
  then: actions([Polls.close, { poll }]),
});
