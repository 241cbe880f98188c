import { actions, Sync } from "@engine";
import { Accounts, Requesting, Sessioning } from "@concepts";

export const CloseAccount: Sync = ({ request, session, user, account }) => ({
  when: actions([Requesting.request, { path: "/accounts/close", session, account }, { request }]),
  where: async (frames) =>
    await frames.query(Sessioning._getUser, { session }, { user }), // ← guard-user-unused
  then: actions(
    [Sessioning.delete, { session }],
    [Accounts.close, { account }],
  ),
});
