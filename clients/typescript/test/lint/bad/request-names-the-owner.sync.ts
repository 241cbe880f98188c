import { actions, Sync } from "@engine";
import { Requesting, Sessioning, Wallets } from "@concepts";

export const Pay: Sync = ({ request, session, owner, amount, wallet }) => ({
  when: actions([
    Requesting.request,
    { path: "/wallet/pay", session, owner, amount },
    { request },
  ]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, {
      user: owner, // ← guard-user-from-request
    });
    return await frames.query(Wallets._ofOwner, { owner }, { wallet });
  },
  then: actions([Wallets.pay, { wallet, amount }]),
});
