/** The longest name of a host (RFC 1035). */
const MAX_HOST = 253;
/** The most domains of one host that are looked at. */
const MOST_DOMAINS = 8;
/** The longest path that browsers take in a cookie. */
const MAX_PATH = 1024;

/**
 * The domains whose cookies a browser sends to a host, which may have a port: its own name and those above it, but for single
 * labels. An address has no domains. Of very many, those nearest to the top.
 */
export function domainsOf(host: string | undefined): string[] {
  const labels = nameIn(host)?.split(".") ?? [];
  const all = labels.map((_, index) => labels.slice(index).join("."));
  return all.slice(0, -1).slice(-MOST_DOMAINS);
}

/** True if a host, which may have a port, is a domain or below it. */
export function isWithin(host: string | undefined, domain: string): boolean {
  return `.${nameIn(host) ?? ""}`.toLowerCase().endsWith(`.${domain.toLowerCase()}`);
}

/** The paths whose cookies a browser sends with a request for `path`, the shortest first. */
export function pathsOf(path: string): string[] {
  const folders = [...path.matchAll(/\//g)].flatMap(({ index }) => [path.slice(0, index), path.slice(0, index + 1)]);
  const all = path.endsWith("/") ? folders : [...folders, path];
  return all.filter((path) => path.length <= MAX_PATH && /^\/[\x21-\x3a\x3c-\x7e]*$/.test(path));
}

/** The name in a `Host` header; `undefined` for an address, and for what is no name. */
function nameIn(host: string | undefined): string | undefined {
  const name = host?.replace(/:[^:]*$/, "") ?? "";
  // Browsers take a name whose last label begins like a number for an IPv4 address.
  const isName = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(name) && !/(^|\.)[0-9][^.]*$/.test(name);
  return isName && name.length <= MAX_HOST ? name : undefined;
}
