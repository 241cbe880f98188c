import { actions, Sync } from "@engine";
import { Requesting, Sessioning } from "@concepts";

export const OpenSession: Sync = ({ request, user }) => ({
  when: actions([Requesting.request, { path: "/Sessioning/create", user }, { request }]),
  then: actions([Sessioning.create, { user }]), // ← create-reopened
});
