import { actions, Sync } from "@engine";
import { Metrics, Requesting, Sessioning } from "@concepts";

export const DefineMetric: Sync = ({ request, session, name }) => ({
  when: actions([Requesting.request, { path: "/metrics/define", session, name }, { request }]),
  where: (frames) =>
    // Only people who are logged in.
    frames.query(Sessioning._getUser, { session }, {}), // ← guard-user-unused
  then: actions([Metrics.define, { name }]),
});
