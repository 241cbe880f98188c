import { actions, Sync } from "@engine";
import { Pages, Requesting, Sessioning } from "@concepts";

export const TearPage: Sync = ({ request, session, user, page }) => ({
  when: actions([Requesting.request, { path: "/pages/tear", session, page }, { request }]),
  where: async (frames) => {
    const written = await frames.query(Pages._author, { page }, { user });
    const known = written.filter(($) => $[user] !== undefined);
    return await known.query(Sessioning._getUser, { session }, { user }); // ← guard-user-unused
  },
  then: actions([Pages.tear, { page }]),
});
