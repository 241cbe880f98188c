import type { AnswerHeaders } from "./answer.ts";

/** What is used of Node's answer. */
interface NodeAnswer {
  getHeader(name: string): number | string | string[] | undefined;
  setHeader(name: string, value: string | string[]): unknown;
  writeHead(...args: never[]): unknown;
}

/**
 * Calls `complete` when the head of an answer is about to be sent, and no earlier: error handlers begin by dropping every
 * header, and a renewed token that does not arrive logs its user out.
 */
export function beforeHead(res: NodeAnswer, complete: (headers: AnswerHeaders) => void): void {
  const writeHead = res.writeHead as (...args: unknown[]) => unknown;
  let isComplete = false;
  res.writeHead = (...args: unknown[]) => {
    if (isComplete) return writeHead.apply(res, args);
    isComplete = true;
    const rest = takeHeaders(res, args);
    complete(headersOf(res));
    return writeHead.apply(res, rest);
  };
}

/** Headers given to `writeHead` win over those set before, so they are set before, too. */
function takeHeaders(res: NodeAnswer, args: unknown[]): unknown[] {
  const given = args.at(-1);
  if (typeof given !== "object" || given === null) return args;
  const pairs = Array.isArray(given) ? pairsOf(given) : Object.entries(given as Record<string, string | string[]>);
  const names = new Map<string, string | string[]>();
  for (const [name, value] of pairs) {
    const before = names.get(name.toLowerCase());
    names.set(name.toLowerCase(), before === undefined ? value : [before, value].flat());
  }
  for (const [name, value] of names) if (value !== undefined) res.setHeader(name, value);
  return args.slice(0, -1);
}

/** Node takes `[name, value, name, value]` as well as `[[name, value]]`. */
function pairsOf(list: unknown[]): [string, string][] {
  if (Array.isArray(list[0])) return list as [string, string][];
  return list.flatMap((name, index) => index % 2 === 0 ? [[name, list[index + 1]] as [string, string]] : []);
}

function headersOf(res: NodeAnswer): AnswerHeaders {
  const get = (name: string) => res.getHeader(name)?.toString();
  return {
    get,
    set: (name, value) => void res.setHeader(name, value),
    setCookies(values, replaces) {
      const others = [res.getHeader("Set-Cookie") ?? []].flat().map(String).filter((other) => !replaces(other));
      res.setHeader("Set-Cookie", [...others, ...values]);
    },
  };
}
