import type { Drafted } from "@utils/posts.ts";
import type { Empty, ID } from "@utils/types.ts";

type Post = ID;

interface Written {
  post: Post;
}

/** What the methods return, as declared and as written, is all that matters here. */
export default class PostingConcept {
  async write({ author, text }: { author: ID; text: string }): Promise<Written | { error: string }> {
    return text === "" ? { error: `nothing written by ${author}` } : { post: "post:1" as Post };
  }

  remove(_: { post: Post }): Empty | { error: string } {
    return {};
  }

  async publish(_: { post: Post }): Promise<{ post: Post; at?: Date } | { error: string }> {
    return { post: "post:1" as Post };
  }

  async anything(_: object): Promise<Record<string, unknown>> {
    return {};
  }

  async undeclared(_: object) {
    return { surprise: true };
  }

  async mixed(_: object): Promise<{ post: Post } | Drafted> {
    return { post: "post:1" as Post };
  }

  async borrowed(_: object): Promise<import("elsewhere").Answer> {
    return {};
  }

  async draft(_: object): Promise<{ draft: Post } | { post: Post } | { error: string }> {
    try {
      return { draft: "post:1", post: "post:1" } as { draft: Post; post: Post };
    } catch (error) {
      return { error: String(error) };
    }
  }

  async relay(request: () => Promise<{ post: Post } | { error: string }>): Promise<{ post: Post } | { error: string }> {
    const answer = await request();
    return answer;
  }
}
