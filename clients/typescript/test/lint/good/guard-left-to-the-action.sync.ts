import { actions, Sync } from "@engine";
import { Requesting, Sessioning, Uploads } from "@concepts";

export const StartUpload: Sync = ({ request, session, user, file }) => ({
  when: actions([Requesting.request, { path: "/uploads/start", session, file }, { request }]),
  where: async (frames) => await frames.query(Sessioning._getUser, { session }, { user }),
  then: actions(
    [Uploads.startFor, { session, file }],
    [Requesting.respond, { request, status: "started" }],
  ),
});
