import type { Method } from "./service.ts";

const said = new Set<string>();

/**
 * Says once where a program calls with a field of another name than the concept's, such as `userId`: without a word it
 * would be told that nobody is a user.
 */
export function checkNames(method: Method, wanted: "user" | "session", input: object): void {
  const names = Object.keys(input);
  const [given] = names;
  if (given === undefined || wanted in input || said.has(`${method} ${names}`)) return;
  said.add(`${method} ${names}`);
  console.error(
    `Sessioning.${method} was called with { ${names.join(", ")} } and knows { ${wanted} }. Where a program has other names, a ` +
      `subclass of the drop-in translates them:\n` +
      `  export default class Renamed extends SessioningConcept {\n` +
      `    override ${method}({ ${given} }: any): any { return super.${method}({ ${wanted}: ${given} }); }\n` +
      `  }`,
  );
}
