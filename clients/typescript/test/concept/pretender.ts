import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** Something that listens where the service should be. */
export interface Pretender {
  url: string;
  /** The requests so far. */
  requests: IncomingMessage[];
  stop(): Promise<void>;
}

/** A server that treats every request like this. */
export async function pretend(listener: RequestListener): Promise<Pretender> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
