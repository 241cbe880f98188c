import { checkEngine } from "./engine.ts";
import { SessionServiceError } from "./errors.ts";
import { parseNamespaces } from "./namespace.ts";
import { MODES, type UnknownSession } from "./unknown.ts";

/** What `sessioningConcept` may be told. What is absent comes from the environment, and else is the default. */
export interface ConceptOptions {
  /** The service's address, `http://127.0.0.1:7377`; SESSIONING_URL. There is no default. */
  url?: string;
  /** The key, with the scopes create and check; SESSIONING_API_KEY. Without one none is sent. */
  apiKey?: string;
  /** What `_getUser` answers for an unknown session; SESSIONING_UNKNOWN_SESSION. Default `error`. */
  unknownSession?: UnknownSession;
  /** Whether the engine throws where a variable has no value; SESSIONING_ENGINE_THROWS. `guarded` needs it. Default false. */
  engineThrows?: boolean;
  /** The namespaces of databases that do not go by their own name; SESSIONING_NAMESPACES. Default none. */
  namespaces?: Record<string, string>;
  /** How long a call may take in all, in milliseconds. Default 5000. */
  timeout?: number;
  /** Whether the methods are the class's own, which engines make public routes. Default false. */
  public?: boolean;
}

/** What a concept object works with: the options, with the environment and the defaults filled in. */
export interface Settings {
  /** Without a slash at the end. */
  url: string;
  apiKey: string | undefined;
  unknownSession: UnknownSession;
  namespaces: Record<string, string>;
  timeout: number;
}

/**
 * The settings in force. The environment is read here, when the concept is made: these projects fill it from `.env`
 * while they import their modules.
 *
 * Throws `SessionServiceError` if the address is missing, anything is malformed, or the mode is not safe with the engine.
 */
export function settingsFrom(options: ConceptOptions): Settings {
  const unknownSession = mode(options.unknownSession ?? environment("SESSIONING_UNKNOWN_SESSION") ?? "error");
  checkEngine(unknownSession, String(options.engineThrows ?? environment("SESSIONING_ENGINE_THROWS") ?? false));
  return {
    url: address(options.url ?? environment("SESSIONING_URL")),
    apiKey: key(options.apiKey ?? environment("SESSIONING_API_KEY")),
    unknownSession,
    namespaces: options.namespaces ?? parseNamespaces(environment("SESSIONING_NAMESPACES") ?? ""),
    timeout: duration(options.timeout ?? 5000),
  };
}

/** A variable of the environment; one that is empty counts as absent. */
function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const text = process?.env?.[name]?.trim();
  return text === "" ? undefined : text;
}

function address(text: string | undefined): string {
  if (text === undefined) {
    throw new SessionServiceError(
      "SESSIONING_URL is not set. Set it to where the session service listens, for example " +
        "SESSIONING_URL=http://127.0.0.1:7377 in .env. If it is there, have the file loaded: deno run --env-file …",
    );
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || hasMore(url)) {
    // The text is not repeated: what does not belong there may be a password.
    throw new SessionServiceError(
      "SESSIONING_URL is no address of a service. It wants http:// or https://, a host, and nothing like a password " +
        "or a ?: SESSIONING_URL=http://127.0.0.1:7377",
    );
  }
  return url.href.replace(/\/+$/, "");
}

function hasMore(url: URL): boolean {
  return [url.username, url.password, url.search, url.hash].some((part) => part !== "");
}

function key(text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21-\x7e]+$/.test(text)) return text;
  throw new SessionServiceError(
    "SESSIONING_API_KEY is no key: it has spaces or other characters that a key never has. " +
      "`sessioning keys new --scope create,check` makes one.",
  );
}

function mode(text: string): UnknownSession {
  const found = MODES.find((mode) => mode === text);
  if (found !== undefined) return found;
  throw new SessionServiceError(`SESSIONING_UNKNOWN_SESSION is "${text}"; it may be ${MODES.join(", ")}.`);
}

function duration(milliseconds: number): number {
  if (Number.isFinite(milliseconds) && milliseconds > 0) return milliseconds;
  throw new SessionServiceError("The timeout of the session service has to be a number of milliseconds above 0.");
}
