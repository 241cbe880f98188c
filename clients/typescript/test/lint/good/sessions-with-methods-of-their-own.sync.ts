import { actions, Sync } from "@engine";
import { JamSession, Requesting, Sessioning } from "@concepts";

// What the drop-in has under no other name is none of this lint's business.
export const Refresh: Sync = ({ request, session, refreshToken }) => ({
  when: actions([Requesting.request, { path: "/refresh", session, refreshToken }, { request }]),
  then: actions([Sessioning.refresh, { session, refreshToken }]),
});

export const StartJam: Sync = ({ request, group }) => ({
  when: actions([Requesting.request, { path: "/jam", group }, { request }]),
  then: actions([JamSession.start, { group }]),
});

export const Describe: Sync = ({ request, session }) => ({
  when: actions([Requesting.request, { path: `/${session.open}`, session }, { request }]),
  then: actions([Sessioning.delete, { session }]),
});
