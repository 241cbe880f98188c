/** Notes with an author. */
export default class NotesConcept {
  readonly #notes = new Map<string, string>([["n1", "user:alice"], ["n2", "user:bob"]]);

  async delete({ note }: { note: string }): Promise<{ deleted: string } | { error: string }> {
    return this.#notes.delete(note) ? { deleted: note } : { error: "There is no such note" };
  }

  async _of({ author }: { author: string }): Promise<{ note: string }[]> {
    return [...this.#notes].filter(([, owner]) => owner === author).map(([note]) => ({ note }));
  }
}
