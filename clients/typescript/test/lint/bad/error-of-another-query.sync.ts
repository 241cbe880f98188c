import { actions, Frames, Sync } from "@engine";
import { Boxes, Requesting, Sessioning } from "@concepts";

export const OpenBox: Sync = ({ request, session, user, box, contents }) => ({
  when: actions([Requesting.request, { path: "/boxes/open", session, box }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user }); // ← guard-user-unused
    const opened = new Frames();
    for (const frame of seen) {
      const rows = await Boxes._contents({ box: frame[box] });
      if (rows.length === 0 || "error" in rows[0]) continue;
      opened.push({ ...frame, [contents]: rows[0].contents });
    }
    return opened;
  },
  then: actions([Boxes.open, { box }]),
});
