import { actions, Sync } from "@engine";
import { Requesting, Sessioning, Teams } from "@concepts";

export const LeaveTeam: Sync = ({ request, session, user, team, member }) => ({
  when: actions([Requesting.request, { path: "/teams/leave", session, team, member }, { request }]),
  where: async (frames) => {
    await frames.query(Sessioning._getUser, { session }, { user }); // ← guard-user-unused
    return frames;
  },
  then: actions([Teams.remove, { team, member }]),
});
