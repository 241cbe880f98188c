import { actions, Sync } from "@engine";
import { Files, Requesting, Sessioning } from "@concepts";

export const OpenFile: Sync = ({ request, session, user, error, file }) => ({
  when: actions([Requesting.request, { path: "/files/open", session, file }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user, error });
    return seen.filter(($) => $["error"] === undefined);
  },
  then: actions([Files.open, { file }]),
});

export const SignFile: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/files/sign", session, user, file }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user, error: "failed" });
    return seen.filter(($) => !$["failed"]);
  },
  then: actions([Files.sign, { file, by: user }]),
});
