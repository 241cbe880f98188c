import { actions, Sync } from "@engine";
import { Library, Profiles, Requesting } from "@concepts";

export const NameFile: Sync = ({ request, name, user, file }) => ({
  when: actions([Requesting.request, { path: "/library/name", name, file }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Profiles._getUser, { name }, { user });
    return frames.filter(($) => $[user] !== null);
  },
  then: actions([Library.name, { file, by: user }]),
});
