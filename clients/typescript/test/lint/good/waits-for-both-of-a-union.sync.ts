import { actions, Sync } from "@engine";
import { Posting, Requesting } from "@concepts";

// A union may carry both: this action returns both in one object.
export const DraftAnswer: Sync = ({ request, draft, post }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/draft" }, { request }],
    [Posting.draft, {}, { draft, post }],
  ),
  then: actions([Requesting.respond, { request, draft, post }]),
});

// What this one returns is not written out.
export const RelayAnswer: Sync = ({ request, post, error }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/relay" }, { request }],
    [Posting.relay, {}, { post, error }],
  ),
  then: actions([Requesting.respond, { request, post, error }]),
});
