import { actions, Sync } from "@engine";
import { Payments, Requesting, Sessioning } from "@concepts";

export const PayAnswer: Sync = ({ request, receipt, error, token }) => ({
  when: actions(
    [Requesting.request, { path: "/pay" }, { request }],
    [Payments.pay, {}, { receipt, error }],
    [Sessioning.rotate, {}, { token }],
  ),
  then: actions([Requesting.respond, { request, receipt, token }]),
});
