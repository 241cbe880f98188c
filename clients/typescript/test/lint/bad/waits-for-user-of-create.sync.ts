import { actions, Sync } from "@engine";
import { Requesting, Sessioning } from "@concepts";

export const LoginAnswer: Sync = ({ request, session, user }) => ({
  when: actions(
    [Requesting.request, { path: "/login" }, { request }],
    [
      Sessioning.create,
      {},
      {
        session,
        user, // ← response-waits-for-missing-output
      },
    ],
  ),
  then: actions([Requesting.respond, { request, session, user }]),
});
