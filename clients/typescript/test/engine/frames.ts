/** Variables and their values, as far as a sync has come. */
export type Frame = Record<symbol, unknown>;

type Query = (input: never) => Promise<object[]>;

/** The frames of a sync. */
export class Frames extends Array<Frame> {
  /**
   * One new frame for each row that the query answers. A row is asked with `in` before it is read; what it lacks stays
   * without a value in the frame.
   */
  async query(query: Query, input: Record<string, unknown>, output: Record<string, symbol>): Promise<Frames> {
    const result = new Frames();
    for (const frame of this) {
      const rows = await query(fill(input, frame) as never);
      for (const row of rows) result.push({ ...frame, ...read(row, output) });
    }
    return result;
  }
}

/** The pattern with the frame's values for its variables. Throws if one has none. */
export function fill(pattern: Record<string, unknown>, frame: Frame): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(pattern).map(([key, wanted]) => {
      if (typeof wanted !== "symbol") return [key, wanted];
      if (frame[wanted] === undefined) throw new Error(`Missing binding: ${String(wanted)}`);
      return [key, frame[wanted]];
    }),
  );
}

/** The frame with what the values add to it, if they fit the pattern. */
export function match(
  pattern: Record<string, unknown>,
  values: Record<string, unknown>,
  frame: Frame,
): Frame | undefined {
  const result = { ...frame };
  for (const [key, wanted] of Object.entries(pattern)) {
    const value = values[key];
    if (value === undefined) return undefined;
    const expected = typeof wanted === "symbol" ? result[wanted] : wanted;
    if (expected !== undefined && expected !== value) return undefined;
    if (typeof wanted === "symbol") result[wanted] = value;
  }
  return result;
}

function read(row: object, output: Record<string, symbol>): Frame {
  const frame: Frame = {};
  for (const [key, variable] of Object.entries(output)) {
    if (key in row) frame[variable] = (row as Record<string, unknown>)[key];
  }
  return frame;
}
