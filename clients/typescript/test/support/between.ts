import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
}

/** What to do with a request; `next` passes it on to the service. */
export type Fault = (res: ServerResponse, seen: Seen, next: () => void) => void;

/** A server between a client and the service, which passes everything on until it is given a fault. */
export class Between {
  /** What it does with every request; `undefined`: pass it on. */
  fault: Fault | undefined;
  /** The requests that came, in order. */
  readonly seen: Seen[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(service: string): Promise<Between> {
    const server = createServer();
    const between = new Between(server);
    server.on("request", (req: IncomingMessage, res: ServerResponse) => between.#handle(service, req, res));
    await once(server.listen(0, "127.0.0.1"), "listening");
    return between;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Waits until this many requests have come. */
  async came(count: number): Promise<void> {
    while (this.seen.length < count) await once(this.#server, "request");
  }

  /** Forgets what came, and ends the fault. */
  reset(): void {
    this.fault = undefined;
    this.seen.length = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #handle(service: string, req: IncomingMessage, res: ServerResponse): void {
    const seen = { method: req.method ?? "", path: req.url ?? "", headers: req.headers };
    this.seen.push(seen);
    const next = () => passOn(service, req, res);
    if (this.fault === undefined) next();
    else this.fault(res, seen, next);
  }
}

/** Answers with a status, a body and its type. */
export function answer(status: number, body: string, type: string, headers: Record<string, string> = {}): Fault {
  return (res) => void res.writeHead(status, { "Content-Type": type, ...headers }).end(body);
}

/** A problem document such as the service sends. */
export function problem(status: number, code: string, headers: Record<string, string> = {}): Fault {
  return answer(status, JSON.stringify({ code, title: "A problem", status }), "application/problem+json", headers);
}

/** Never answers. */
export const hang: Fault = () => {};

/** Closes the connection. */
export const drop: Fault = (res) => void res.socket?.destroy();

function passOn(service: string, req: IncomingMessage, res: ServerResponse): void {
  const { host: _, connection: __, ...headers } = req.headers;
  const { hostname, port } = new URL(service);
  const on = request({ hostname, port, path: req.url, method: req.method, headers, agent: false }, (answer) => {
    res.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(res);
  });
  on.on("error", () => res.destroy());
  req.pipe(on);
}
