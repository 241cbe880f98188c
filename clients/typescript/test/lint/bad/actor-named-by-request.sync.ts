import { actions, Sync } from "@engine";
import { Posts, Requesting, Sessioning } from "@concepts";

export const EditPost: Sync = ({ request, session, user, requester, post, text }) => ({
  when: actions([Requesting.request, { path: "/posts/edit", session, user, post, text }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { user: requester });
    return seen.filter(($) => $[requester] !== undefined);
  },
  then: actions([Posts.edit, { author: user, post, text }]), // ← actor-from-request
});

export const HidePost: Sync = ({ request, session, author, error, post }) => ({
  when: actions([Requesting.request, { path: "/posts/hide", session, author, post }, { request }]),
  where: async (frames) => {
    const seen = await frames.query(Sessioning._getUser, { session }, { error });
    return seen.filter(($) => $["error"] === undefined);
  },
  then: actions([Posts.hide, { author, post }]), // ← actor-from-request
});
