import { actions, Frames, Sync } from "@engine";
import { Prices, Requesting, Sessioning } from "@concepts";

export const Quote: Sync = ({ request, session, user, item, quote }) => ({
  when: actions([Requesting.request, { path: "/quote", session, item }, { request }]),
  where: async (frames) => {
    const known = await frames.queryAsync(Sessioning._getUser, { "session": session }, { "user": user }); // ← guard-user-unused
    const quoted = new Frames();
    for (const frame of known) {
      const [row] = await Prices._of({ item: frame[item] });
      quoted.push({ ...frame, [quote]: row?.price ?? 0 });
    }
    return quoted;
  },
  then: actions([Requesting.respond, { request, quote }]),
});
