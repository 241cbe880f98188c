import { actions, Sync } from "@engine";
import { Boards, Cards, Requesting, Sessioning } from "@concepts";

export const NewBoard: Sync = (vars) => {
  const { request, session, user, title, board } = vars;
  return {
    when: actions([Requesting.request, { path: "/boards/new", session, title }, { request }]),
    where: async (frames) => await frames.query(Sessioning._getUser, { session }, { user }),
    then: actions(
      [Boards.open, { owner: user, title }, { board }],
      [Cards.addFirst, { board, title: "Read me" }], // ← output-used-in-same-then
    ),
  };
};
