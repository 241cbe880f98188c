import { actions, Frames, Sync } from "@engine";
import { Boards, Cards, Requesting, Sessioning } from "@concepts";

// `board` is an output written in the `then`, but the `where` has bound it before.
export const AddCard: Sync = ({ request, session, user, board, title }) => ({
  when: actions([Requesting.request, { path: "/cards/add", session, title }, { request }]),
  where: async (frames) => {
    const kept = new Frames();
    for (const frame of await frames.query(Sessioning._getUser, { session }, { user })) {
      const made = { ...frame };
      made[board] = `board:${String(frame[user])}`;
      if (frame[user]) kept.push(made);
    }
    return kept;
  },
  then: actions(
    [Boards.open, { owner: user, board }, { board }],
    [Cards.add, { board, title }],
  ),
});
