import type { components } from "./openapi.ts";

/** A session as everybody may see it, never with its token; names and times are as they travel (RFC 3339). */
export type Session = components["schemas"]["SessionView"];

/** How a user has just proved who they are: the methods (RFC 8176) and how well, 0 to 255. */
export type Authenticated = components["schemas"]["Authenticated"];

/** What a session may begin with; durations are text such as `30m`, `7d` or `never`. */
export type NewSession = Omit<components["schemas"]["CreateSession"], "user">;

/** Where a session is used: address, browser, and a name for it. */
export type Metadata = components["schemas"]["Metadata"];

/** What a check of one of many tokens found: `live` with the session, or why there is none. */
export type CheckedSession = components["schemas"]["CheckedSession"];

/** Some of a user's sessions, and what to ask the next page with; `null`: there is none. */
export type SessionPage = components["schemas"]["SessionPage"];

/** A stable code for what went wrong; later versions of the service may know more. */
export type Code = components["schemas"]["Code"] | (string & {});
