import { actions, Sync } from "@engine";
import { Files, Requesting, Sessioning } from "@concepts";

export const MoveFile: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/files/move", session, file }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user });
    return seen.filter(($) => $["user"] !== null); // ← null-where-undefined
  },
  then: actions([Files.move, { file }]),
});

export const CopyFile: Sync = ({ request, session, owner, file }) => ({
  when: actions([Requesting.request, { path: "/files/copy", session, file }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user: owner });
    return seen.filter(($) => $.owner !== null); // ← null-where-undefined
  },
  then: actions([Files.copy, { file, owner }]),
});
