import { actions, Sync } from "@engine";
import { Posting, Requesting } from "@concepts";

export const WriteAnswer: Sync = ({ request, post, error }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/write" }, { request }],
    [Posting.write, {}, { post, error }], // ← response-waits-for-missing-output
  ),
  then: actions([Requesting.respond, { request, post, error }]),
});
