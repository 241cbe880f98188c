import { actions, Sync } from "@engine";
import { Boxes, Requesting, Sessioning } from "@concepts";

export const CloseBox: Sync = ({ request, session, user, box, error }) => ({
  when: actions([Requesting.request, { path: "/boxes/close", session, box }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Boxes._find, { box }, { error });
    frames = frames.filter(($) => $[error] === undefined);
    return await frames.query(Sessioning._getUser, { session }, { user, error }); // ← guard-user-unused
  },
  then: actions([Boxes.close, { box }]),
});
