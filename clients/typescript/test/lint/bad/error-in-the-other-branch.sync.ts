import { actions, Sync } from "@engine";
import { Pages, Requesting, Sessioning } from "@concepts";

export const PrintPage: Sync = ({ request, session, user, page, kind, text, error }) => ({
  when: actions([Requesting.request, { path: "/pages/print", session, page, kind }, { request }]),
  where: async (frames) => {
    let seen = frames;
    if (frames[0][kind] === "public") {
      seen = await frames.query(Pages._text, { page }, { text, error });
      if (seen.some(($) => $["error"])) return frames.filter(() => false);
    } else {
      seen = await frames.query(Sessioning._getUser, { session }, { user, error }); // ← guard-user-unused
    }
    return seen;
  },
  then: actions([Pages.print, { page }]),
});
