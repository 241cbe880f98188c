import { actions, Sync } from "@engine";
import { Notes, Requesting, Sessioning } from "@concepts";

export const PinNote: Sync = ({ request, session, user, note }) => ({
  when: actions([Requesting.request, { path: "/notes/pin", session, note }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    frames = frames.filter((frame) => frame[user] !== undefined);
    if (frames.length === 0) console.log("not logged in");
    return frames;
  },
  then: actions([Notes.pin, { note }]),
});
