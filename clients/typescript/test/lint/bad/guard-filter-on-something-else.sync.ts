import { actions, Sync } from "@engine";
import { Requesting, Rooms, Session } from "@concepts";

export const BookRoom: Sync = ({ request, token, who, room, seats }) => ({
  when: actions([Requesting.request, { path: "/rooms/book", token, room, seats }, { request }]),
  async where(frames) {
    const known = await frames.query(Session._getUser, { session: token }, { user: who }); // ← guard-user-unused
    return known.filter(($) => ($[seats] as number) > 0);
  },
  then: actions([Rooms.book, { room, seats }]),
});
