import { actions, Sync } from "@engine";
import { Boards, Cards, Requesting } from "@concepts";

export const CloseBoard: Sync = ({ request, board }) => ({
  when: actions([Requesting.request, { path: "/boards/close", board }, { request }]),
  then: actions(
    [Boards.close, { board }, { board }],
    [Cards.removeAll, { board }],
  ),
});
