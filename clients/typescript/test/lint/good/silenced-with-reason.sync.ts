import { actions, Sync } from "@engine";
import { Files, Requesting, Sessioning } from "@concepts";

export const CountVisit: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/files/visit", session, file }, { request }]),
  // sessioning-lint-disable-next-line guard-user-unused -- visits of strangers count too
  where: (frames) => frames.query(Sessioning._getUser, { session }, { user }),
  then: actions([Files.countVisit, { file }]),
});
