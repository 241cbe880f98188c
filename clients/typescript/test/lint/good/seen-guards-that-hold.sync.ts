import { actions, Frames, Sync } from "@engine";
import { Feedback, Meals, Projects, Requesting, Sessioning } from "@concepts";

// Guards as back ends have them: helpers, ownership, answers by status.
const withSession = ({ session, user }: { session: symbol; user: symbol }) => async (frames: Frames) => {
  frames = await frames.query(Sessioning._getUser, { session }, { user });
  return frames.filter(($) => $[user] !== undefined);
};

const withOwnership = ({ session, user, meal, owner }: Record<string, symbol>) => async (frames: Frames) => {
  frames = await withSession({ session, user })(frames);
  if (frames.length === 0) return frames;
  frames = await frames.query(Meals._owner, { meal }, { owner });
  return frames.filter(($) => $[owner] === $[user]);
};

export const EditMeal: Sync = ({ request, session, user, meal, owner, items }) => ({
  when: actions([Requesting.request, { path: "/meals/edit", session, meal, items }, { request }]),
  where: withOwnership({ session, user, meal, owner }),
  then: actions([Meals.edit, { meal, items }]),
});

export const RefuseProject: Sync = ({ request, token, userId, error, status, project }) => ({
  when: actions([Requesting.request, { path: "/projects", token, project }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session: token }, { user: userId, error });
    const refused = [];
    for (const frame of frames) {
      const who = frame[userId];
      const failed = frame[error];
      if (failed !== undefined || who === undefined) {
        refused.push({ ...frame, [status]: 401, [error]: "Unauthorized" });
        continue;
      }
      const [found] = await Projects._find({ project: frame[project] });
      if (!found || found.error) refused.push({ ...frame, [status]: 404, [error]: "Not found" });
    }
    return new Frames(...refused);
  },
  then: actions([Requesting.respond, { request, status, error }]),
});

export const RefuseFeedback: Sync = ({ request, session, active }) => ({
  when: actions([Requesting.request, { path: "/feedback", session }, { request }]),
  where: async (frames) => {
    frames = await frames.query(Sessioning._isActive, { session }, { active });
    return frames.filter(($) => $[active] === false);
  },
  then: actions([Requesting.respond, { request, status: 401, error: "Log in first" }]),
});

export const GiveFeedback: Sync = ({ request, session, user, owner, item, rating }) => ({
  when: actions([Requesting.request, { path: "/feedback", session, item, rating }, { request }]),
  where: async (frames) => {
    const original = frames[0];
    const seen = await frames.query(Sessioning._getUser, { session }, { user });
    const known = seen.filter(($) => $[user] != null);
    if (known.length === 0) return new Frames();
    return new Frames({ ...original, [owner]: known[0][user] });
  },
  then: actions([Feedback.give, { owner, item, rating }]),
});
