import { actions, Frames, Sync } from "@engine";
import { Items, Requesting, Sessioning } from "@concepts";

export const AddItem: Sync = ({ request, session, owner, name }) => ({
  when: actions([Requesting.request, { path: "/items/add", session, owner, name }, { request }]),
  where: async (frames) => {
    const kept = new Frames();
    for (const frame of frames) {
      const [row] = await Sessioning._getUser({ session: frame[session] });
      if (row === undefined || row.error) continue;
      kept.push(frame);
    }
    return kept;
  },
  then: actions(
    [Items.add, {
      owner, // ← actor-from-request
      name,
    }],
    [Requesting.respond, { request, status: "added" }],
  ),
});
