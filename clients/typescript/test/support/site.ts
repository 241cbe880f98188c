import type { SessioningClient } from "../../src/index.ts";
import type { SessioningOptions } from "../../src/express.ts";

/** A site that the tests run, written once with each framework; it answers in plain text and JSON. */
export interface Site {
  url: string;
  stop(): Promise<void>;
}

/** Starts a site. The client that its handlers use is the middleware's own. */
export type StartSite = (client: SessioningClient, options?: SessioningOptions) => Promise<Site>;
