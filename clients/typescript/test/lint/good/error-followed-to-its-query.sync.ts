import { actions, Frames, Sync } from "@engine";
import { Doors, Requesting, Sessioning } from "@concepts";

export const OpenDoors: Sync = ({ request, session, door }) => ({
  when: actions([Requesting.request, { path: "/doors/open", session, door }, { request }]),
  where: async (frames, { user }) => {
    const asked = await Promise.all(frames.map(async (frame) => ({
      frame,
      rows: await Sessioning._getUser({ session: frame[session] }),
    })));
    const seen = await frames.query(Sessioning._getUser, { session }, { user });
    const known = asked.filter(({ rows: [row] }) => row !== undefined && !("error" in row));
    return known.length === seen.length ? seen : new Frames();
  },
  then: actions([Doors.open, { door }]),
});

export const LockDoors: Sync = ({ request, session, user, error, door }) => ({
  when: actions([Requesting.request, { path: "/doors/lock", session, door }, { request }]),
  where: async (frames) => {
    const kept = new Frames();
    const seen = new Frames();
    seen.push(...await frames.query(Sessioning._getUser, { session }, { user, error }));
    const isStranger = (frame) => frame["error"] !== undefined;
    seen.forEach((frame) => {
      if (!isStranger(frame)) kept.push(frame);
    });
    return kept;
  },
  then: actions([Doors.lock, { door }]),
});

export const CountDoors: Sync = ({ request, session, user, error, door }) => ({
  when: actions([Requesting.request, { path: "/doors/count", session, door }, { request }]),
  where: async (frames) => {
    let seen = frames;
    for (let tries = 0; tries < 2; tries += 1) {
      if (seen.some(({ [error]: failed }) => failed)) return new Frames();
      seen = await frames.query(Sessioning._getUser, { session }, { user, error });
    }
    return seen;
  },
  then: actions([Doors.count, { door }]),
});

export const PaintDoors: Sync = ({ request, session, user, error, door, colour }) => ({
  when: actions([Requesting.request, { path: "/doors/paint", session, door }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user, error });
    frames = await frames.query(Doors._colour, { door }, { colour, error });
    return frames.filter((frame) => !Object.hasOwn(frame, error));
  },
  then: actions([Doors.paint, { door }]),
});
