import { actions, Sync } from "@engine";
import { Boards, Cards, Requesting } from "@concepts";
import { findBoard } from "../boards.ts";

export const AddFirst: Sync = ({ request, board, title }) => ({
  when: actions([Requesting.request, { path: "/cards/first", title }, { request }]),
  where: findBoard(board),
  then: actions(
    [Boards.touch, {}, { board }],
    [Cards.add, { board, title }],
  ),
});
