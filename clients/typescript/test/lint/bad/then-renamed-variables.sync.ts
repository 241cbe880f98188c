import { actions, Sync } from "@engine";
import { Requesting, Sessioning, UserAuthentication } from "@concepts";

export const LoginAnswer: Sync = (
  { request, user: member, session: token },
) => ({
  "when": actions(
    [Requesting.request, { "path": "/login" }, { "request": request }],
    [UserAuthentication.authenticate, {}, { "user": member }],
  ),
  "then": actions(
    [Sessioning.create, { "user": member }, { "session": token }],
    [
      Requesting.respond,
      {
        "request": request,
        "token": token, // ← output-used-in-same-then
        "message": "welcome",
      },
    ],
  ),
});
