import { actions, Sync } from "@engine";
import { Posting, Requesting } from "@concepts";

// Posting.write is declared in ../concepts: it yields { post } or { error }.
export const WriteAnswer: Sync = ({ request, id }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/write" }, { request }],
    [Posting.write, {}, { id }], // ← response-waits-for-missing-output
  ),
  then: actions([Requesting.respond, { request, id }]),
});
