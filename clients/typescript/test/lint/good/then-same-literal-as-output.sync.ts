import { actions, Sync } from "@engine";
import { Audit, Requesting, Sessioning } from "@concepts";

// The engine ignores outputs in a `then`; an unused one does no harm.
export const Logout: Sync = ({ request, session, error }) => ({
  when: actions([Requesting.request, { path: "/logout", session }, { request }]),
  then: actions(
    [Sessioning.delete, { session }, { error }],
    [Audit.write, { entry: "error", session: "gone" }],
    [Requesting.respond, { request, status: "error" }],
  ),
});
