import { actions, Sync } from "@engine";
import { Audit, Requesting } from "@concepts";

export const Record: Sync = ({ request, entry }) => ({
  when: actions([Requesting.request, { path: "/audit" }, { request }]),
  then: actions([
    Audit.write,
    { request, entry }, // ← output-used-in-same-then
    { entry },
  ]),
});
