import { actions, Frames, Sync } from "@engine";
import { Posts, Requesting, Sessioning } from "@concepts";

// The loop stops strangers before the query fills `user`.
export const EditPost: Sync = ({ request, session, user, text }) => ({
  when: actions([Requesting.request, { path: "/posts/edit", session, user, text }, { request }]),
  where: async (frames) => {
    const known = new Frames();
    for (const frame of frames) {
      const [row] = await Sessioning._getUser({ session: frame[session] as string });
      if (row !== undefined && !("error" in row)) known.push(frame);
    }
    return await known.query(Sessioning._getUser, { session }, { user });
  },
  then: actions([Posts.edit, { author: user, text }]),
});
