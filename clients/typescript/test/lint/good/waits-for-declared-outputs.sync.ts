import { actions, Sync } from "@engine";
import { Posting, Requesting } from "@concepts";

export const WriteAnswer: Sync = ({ request, post }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/write" }, { request }],
    [Posting.write, {}, { post }],
  ),
  then: actions([Requesting.respond, { request, post }]),
});

export const PublishAnswer: Sync = ({ request, post, at }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/publish" }, { request }],
    [Posting.publish, {}, { post, at }],
  ),
  then: actions([Requesting.respond, { request, post, at }]),
});

export const RemoveAnswer: Sync = ({ request, error }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/remove" }, { request }],
    [Posting.remove, {}, { error }],
  ),
  then: actions([Requesting.respond, { request, error }]),
});

// What these yield cannot be told from their declarations.
export const Others: Sync = ({ request, a, b, c, d }) => ({
  when: actions(
    [Requesting.request, { path: "/posts/others" }, { request }],
    [Posting.anything, {}, { a }],
    [Posting.undeclared, {}, { b }],
    [Posting.borrowed, {}, { c }],
    [Posting.mixed, {}, { d }],
  ),
  then: actions([Requesting.respond, { request, a, b, c, d }]),
});
