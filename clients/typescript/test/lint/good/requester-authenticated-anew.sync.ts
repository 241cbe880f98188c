import { actions, Sync } from "@engine";
import { Requesting, Sessioning, UserAuthentication, Wallets } from "@concepts";

// The password has proved who it is; an authentication may well yield null.
export const Pay: Sync = ({ request, session, user, amount }) => ({
  when: actions(
    [Requesting.request, { path: "/wallet/pay", session, user, amount }, { request }],
    [UserAuthentication.authenticate, {}, { user }],
  ),
  where: async (frames) => await frames.query(Sessioning._getUser, { session }, { user }),
  then: actions([Wallets.pay, { owner: user, amount }]),
});

export const PayBack: Sync = ({ request, session, user, amount }) => ({
  when: actions(
    [Requesting.request, { path: "/wallet/back", session, amount }, { request }],
    [UserAuthentication.authenticate, {}, { user }],
  ),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    return frames.filter((frame) => frame[user] !== null);
  },
  then: actions([Wallets.payBack, { owner: user, amount }]),
});
