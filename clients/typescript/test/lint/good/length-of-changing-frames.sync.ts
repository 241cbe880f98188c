import { actions, Sync } from "@engine";
import { Lists, Requesting, Sessioning } from "@concepts";

export const AddEntry: Sync = ({ request, session, user, title, admin }) => ({
  when: actions([Requesting.request, { path: "/lists/add", session, title, admin }, { request }]),
  where: async (frames) => {
    let known = frames.filter((frame) => frame[title] !== "");
    if (known.some((frame) => frame[admin] === true)) {
      known = await frames.query(Sessioning._getUser, { session }, { user });
    }
    return known.length === 0 ? frames : known;
  },
  then: actions([Lists.add, { owner: user, title }]),
});

export const AddEntries: Sync = ({ request, session, user, titles }) => ({
  when: actions([Requesting.request, { path: "/lists/adds", session, titles }, { request }]),
  where: async (frames) => {
    const known = await frames.query(Sessioning._getUser, { session }, { user });
    let rest = await frames.query(Sessioning._getUser, { session }, { user });
    while (rest.length > 0) rest = rest.slice(1);
    return known;
  },
  then: actions([Lists.adds, { owner: user, titles }]),
});

export const MergeLists: Sync = ({ request, session, user, lists }) => ({
  when: actions([Requesting.request, { path: "/lists/merge", session, lists }, { request }]),
  where: async (frames) => {
    const rows = await frames.query(Sessioning._getUser, { session }, { user });
    for (const frame of rows) {
      (frame[lists] as string[][]).forEach((rows) => {
        if (rows.length === 0) throw new Error("an empty list");
      });
    }
    return rows;
  },
  then: actions([Lists.merge, { owner: user, lists }]),
});
