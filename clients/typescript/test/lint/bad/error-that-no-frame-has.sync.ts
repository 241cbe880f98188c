import { actions, Sync } from "@engine";
import { Pages, Requesting, Sessioning } from "@concepts";

// The query was not asked for an error, so no frame has one.
export const TurnPage: Sync = ({ request, session, user, page }) => ({
  when: actions([Requesting.request, { path: "/pages/turn", session, page }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user }); // ← guard-user-unused
    return seen.filter(($) => $.error === undefined);
  },
  then: actions([Pages.turn, { page }]),
});
