import { SessioningClient } from "../client.ts";
import { SessioningUnavailable } from "../errors.ts";
import { type CookieSettings, SessionCookie } from "./cookie.ts";
import { type Incoming, isOwn, isSafe } from "./origin.ts";
import { CROSS_ORIGIN, type Refusal, unavailable } from "./refusal.ts";
import { Visit } from "./visit.ts";

/** How the middleware works; everything has a default. */
export interface SessioningOptions {
  /** What asks the service. Default: a client that reads `SESSIONING_URL` and `SESSIONING_API_KEY`. */
  client?: SessioningClient | undefined;
  /** The cookie. Default: `__Host-session=…; Path=/; Secure; HttpOnly; SameSite=Lax`. */
  cookie?: CookieSettings | undefined;
  /**
   * Origins, such as `https://app.example.org`, whose pages may send the cookie with other methods than GET, besides the one
   * that the request is for. Needed where a proxy changes `Host`.
   */
  origins?: readonly string[] | undefined;
  /**
   * Whether a request is a use of its session. False, or a function that says so: the session ends as if nobody had asked.
   * For what browsers send by themselves, such as a page that polls: `({ path }) => path !== "/poll"`. Default: true.
   */
  touch?: boolean | ((request: Incoming) => boolean) | undefined;
  /** Is told when a request is answered 503 because the service could not be asked. Default: nobody is. */
  onUnavailable?: ((error: SessioningUnavailable) => void) | undefined;
}

/** What every request passes: finds the cookie, judges where the request comes from, and asks whose session it is, once. */
export class Gate {
  readonly #client: SessioningClient;
  readonly #cookie: SessionCookie;
  readonly #origins: readonly string[];
  readonly #touches: (request: Incoming) => boolean;
  readonly #onUnavailable: (error: SessioningUnavailable) => void;

  /** @throws TypeError for an option that cannot be used. */
  constructor(options: SessioningOptions) {
    this.#client = options.client ?? new SessioningClient();
    this.#cookie = new SessionCookie(options.cookie);
    this.#origins = (options.origins ?? []).map(readOrigin);
    const touch = options.touch ?? true;
    if (typeof touch !== "boolean" && typeof touch !== "function") {
      throw new TypeError("touch is true, false or a function of the request, and no text");
    }
    this.#touches = typeof touch === "function" ? touch : () => touch;
    this.#onUnavailable = options.onUnavailable ?? (() => {});
  }

  /**
   * Who is there, or why the request goes no further.
   *
   * @throws SessioningRefused when the service does not let this client ask.
   */
  async enter(request: Incoming): Promise<Visit | Refusal> {
    const values = this.#cookie.find(request.header("cookie"));
    if (values.length > 0 && !isSafe(request) && !this.isOwn(request)) return CROSS_ORIGIN;
    const tokens = [...new Set(values)];
    const visit = new Visit(this.#client, this.#cookie, { tokens, host: browsersHost(request), path: request.path });
    try {
      await visit.begin(this.#touches(request));
      return visit;
    } catch (error) {
      if (!(error instanceof SessioningUnavailable)) throw error;
      this.#onUnavailable(error);
      return unavailable(error);
    }
  }

  /** True if a page of this origin, or of a listed one, made the browser send this, or no browser sent it. */
  isOwn(request: Incoming): boolean {
    return isOwn(request, this.#origins);
  }
}

/** The host that the browser asked, as a proxy in front or the request itself names it. It only says which cookies to take away. */
function browsersHost(request: Incoming): string | undefined {
  return request.header("x-forwarded-host")?.split(",")[0]?.trim() ?? request.host;
}

function readOrigin(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin !== text) {
    throw new TypeError(`an origin is written as browsers send it, such as https://app.example.org, not ${JSON.stringify(text)}`);
  }
  return text;
}
