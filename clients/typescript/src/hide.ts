const INSPECTORS = [Symbol.for("nodejs.util.inspect.custom"), Symbol.for("Deno.customInspect")];

/** Makes `console.log` in Node, Deno and Bun show this text for objects of a class, whatever options it is given. */
export function showAs<T extends object>(prototype: T, text: (self: T) => string): void {
  for (const inspector of INSPECTORS) {
    Object.defineProperty(prototype, inspector, {
      value(this: T) {
        return text(this);
      },
    });
  }
}

const TOKEN = /ses_[0-9a-f]{32,}/gi;
const KEY = /sk_[0-9a-f]+_[0-9a-f]+/gi;

/** What is shorter is no secret, and would only take pieces out of words. */
const SHORTEST = 16;

/** The text without these secrets, and without anything that looks like a token or an API key. */
export function scrub(text: string, secrets: readonly (string | undefined)[]): string {
  const long = secrets.filter((secret) => secret !== undefined && secret.length >= SHORTEST) as string[];
  const known = long.reduce((rest, secret) => rest.replaceAll(secret, "…"), text);
  return known.replace(TOKEN, "ses_…").replace(KEY, "sk_…");
}
