// Looks like a sync and is none: nothing here is for the engine.
export const schedule = { when: "tomorrow", then: ["create", { user: "alice" }, { session: "x" }] };

export function plan(frames: { length: number }, user: string | null) {
  if (frames.length === 0 || user === null) return undefined;
  return { when: schedule.when, where: "here", then: [] };
}
