import { rules } from "./rules/index.ts";

/** The text of `sessioning-lint --help`. */
export function helpText(): string {
  const width = Math.max(...rules.map(({ name }) => name.length));
  const list = rules.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
  return `sessioning-lint reads the syncs of a concept-design back end and finds the faults
that make logins hang or let everybody in. It runs nothing and changes nothing.

Usage: sessioning-lint [options] [PATH…]

  PATH             a file, or a folder to search for *.sync.ts
                   (default: src, or the working directory without one)

Options:
  --concept NAME   the concept that keeps the sessions, if it is not called
                   Session, Sessions or Sessioning; may be given more than once
  --concepts DIR   the folder with the concepts' sources, X/XConcept.ts; what an
                   action yields is read from its declared return type
                   (default: the nearest concepts or src/concepts above a file)
  --json           an array of findings on standard output
  -h, --help       this text

Rules:
${list}

What an unknown session does: _getUser answers [{ error: "…" }], a list with one
row, so the frame lives on with the user unbound. In a sync, a guard is therefore
only a guard if something drops or stops the frames that have no user:
  where: async (frames) => {
    frames = await frames.query(Sessioning._getUser, { session }, { user });
    return frames.filter((frame) => frame[user] !== undefined);
  },

To keep a line as it is, say why in a comment above it:
  // sessioning-lint-disable-next-line guard-user-unused -- the page is public

Exit code: 0 no findings, 1 findings, 2 the lint could not run.
`;
}
