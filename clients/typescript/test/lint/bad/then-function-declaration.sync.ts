import { actions, Vars } from "@engine";
import * as concepts from "@concepts";

export default function EndAndBegin({ request, user, fresh }: Vars) {
  return {
    when: actions(
      [concepts.Requesting.request, { path: "/renew" }, { request }],
      [concepts.UserAuthentication.authenticate, {}, { user }],
    ),
    then: [
      [concepts.Sessioning.create, { user }, { session: fresh }],
      [concepts.Requesting.respond, { request, session: fresh }], // ← output-used-in-same-then
    ],
  };
}
