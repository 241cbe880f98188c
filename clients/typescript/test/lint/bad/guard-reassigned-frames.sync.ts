import { actions, Frames, Sync } from "@engine";
import { Boards, Requesting, Sessioning } from "@concepts";

export const ListBoards: Sync = ({ request, session, user, board, boards }) => ({
  when: actions([Requesting.request, { path: "/boards/list", session }, { request }]),
  where: async (frames: Frames) => {
    frames = await frames.query(
      Sessioning._getUser,
      { session },
      { user }, // ← guard-user-unused
    );
    frames = await frames.query(Boards._getAll, {}, { board });
    return frames.collectAs([board], boards);
  },
  then: actions([Requesting.respond, { request, boards }]),
});
