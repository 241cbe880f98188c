import { actions, SyncFunctionMap } from "@engine";
import { Requesting, Sessioning } from "@concepts";

const syncs: SyncFunctionMap = {
  impersonate: ({ request, target }) => ({
    when: actions([Requesting.request, { path: "/admin/impersonate", target }, { request }]),
    then: actions([Sessioning.create, { user: target }]), // ← create-reopened
  }),
};

export default syncs;
