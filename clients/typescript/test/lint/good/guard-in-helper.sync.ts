import { actions, Frames, Sync } from "@engine";
import { Files, Requesting, Sessioning } from "@concepts";

const loggedIn = (session: symbol, user: symbol) => async (frames: Frames) => {
  const seen = await frames.query(Sessioning._getUser, { session }, { user });
  return seen.filter((frame) => frame[user] !== undefined);
};

export const OpenFile: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/files/open", session, file }, { request }]),
  where: loggedIn(session, user),
  then: actions([Files.open, { file }]),
});
