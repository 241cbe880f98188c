import { actions, type Sync } from "../../../engine/sync.ts";
import { Requesting, Sessioning } from "../concepts/concepts.ts";

export const LogoutRequest: Sync = ({ request, session }) => ({
  when: actions([Requesting.request, { path: "/logout", session }, { request }]),
  then: actions([Sessioning.delete, { session }]),
});

// Before LogoutSucceeded, which matches an error, too: the first response counts, and a module's exports come by name.
export const LogoutRefused: Sync = ({ request, error }) => ({
  when: actions(
    [Requesting.request, { path: "/logout" }, { request }],
    [Sessioning.delete, {}, { error }],
  ),
  then: actions([Requesting.respond, { request, error }]),
});

export const LogoutSucceeded: Sync = ({ request }) => ({
  when: actions(
    [Requesting.request, { path: "/logout" }, { request }],
    [Sessioning.delete, {}, {}],
  ),
  then: actions([Requesting.respond, { request, status: "logged out" }]),
});

/** As many programs have it. Nothing needs the user, and where an unknown session throws, so does the second logout. */
export const LogoutAsking: Sync = ({ session, user }) => ({
  when: actions([Requesting.request, { path: "/logout/asking", session }, {}]),
  where: (frames) => frames.query(Sessioning._getUser, { session }, { user }),
  then: actions([Sessioning.delete, { session }]),
});

export const LogoutAskingSucceeded: Sync = ({ request }) => ({
  when: actions(
    [Requesting.request, { path: "/logout/asking" }, { request }],
    [Sessioning.delete, {}, {}],
  ),
  then: actions([Requesting.respond, { request, status: "logged out" }]),
});
