import { actions, Frames, Sync } from "@engine";
import { Library, Requesting, Sessioning } from "@concepts";

async function onlyKnown(frames: Frames, session: symbol, user: symbol): Promise<Frames> {
  const known = await frames.query(Sessioning._getUser, { session }, { user });
  return known.filter((frame) => frame[user] !== null); // ← null-where-undefined
}

export const NameFile: Sync = ({ request, session, user, file, name }) => ({
  when: actions([Requesting.request, { path: "/library/name", session, file, name }, { request }]),
  where: (frames) => onlyKnown(frames, session, user),
  then: actions([Library.name, { file, name, by: user }]),
});
