import { actions, Frames, Sync } from "@engine";
import { Requesting, Sessioning, Votes } from "@concepts";

export const Withdraw: Sync = ({ request, session, user }) => ({
  when: actions([Requesting.request, { path: "/vote/withdraw", session }, { request }]),
  where: async (frames) => {
    const kept = new Frames();
    for (const frame of frames) {
      const rows = await Sessioning._getUser({ session: frame[session] as string });
      if (rows.length === 0) continue; // ← dead-length-check
      kept.push({ ...frame, [user]: rows[0].user });
    }
    return kept;
  },
  then: actions([Votes.withdraw, { voter: user }]),
});
