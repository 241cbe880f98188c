import { actions, Sync } from "@engine";
import { Notes, Requesting, Sessioning } from "@concepts";

export const RefuseNote: Sync = ({ request, session, user, error, note }) => ({
  when: actions([Requesting.request, { path: "/notes/add", session, note }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user, error });
    return seen.filter(($) =>
      $[note] !== "" && $["user"] !== undefined && $[error] // ← user-and-error-together
    );
  },
  then: actions([Requesting.respond, { request, error }]),
});
