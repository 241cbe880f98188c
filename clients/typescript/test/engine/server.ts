import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Engine } from "./engine.ts";
import type RequestingConcept from "./requesting.ts";

type Method = (input: Record<string, unknown>) => Promise<unknown>;

interface Answer {
  status: number;
  body: unknown;
}

const NOT_FOUND: Answer = { status: 404, body: { error: "There is nothing here." } };

/**
 * The back end over HTTP. `POST /api/Concept/method` calls a method directly, if it is the class's own: passthrough. Any
 * other path becomes a request, if a sync waits for it.
 */
export function serve(engine: Engine, requesting: RequestingConcept, concepts: Record<string, object>): Server {
  const routes = passthrough(concepts);
  console.log(["routes:", ...routes.keys()].join(" "));
  return createServer(async (request, response) => {
    const path = (request.url ?? "").replace(/^\/api/, "");
    const { status, body } = await answer(engine, requesting, routes, path, await read(request)).catch(failure);
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  });
}

function passthrough(concepts: Record<string, object>): Map<string, Method> {
  return new Map(
    Object.entries(concepts).flatMap(([name, concept]) =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(concept))
        .filter((key) => key !== "constructor")
        .map((key): [string, Method] => [`/${name}/${key}`, (concept as Record<string, Method>)[key]!])
    ),
  );
}

async function answer(
  engine: Engine,
  requesting: RequestingConcept,
  routes: Map<string, Method>,
  path: string,
  input: Record<string, unknown>,
): Promise<Answer> {
  const method = routes.get(path);
  if (method !== undefined) return { status: 200, body: await method(input) };
  if (!engine.awaited(requesting.request, "path").has(path)) return NOT_FOUND;
  const { request } = await requesting.request({ ...input, path });
  const [row] = await requesting._awaitResponse({ request });
  return { status: 200, body: row!.response };
}

function failure(error: Error): Answer {
  console.error("request failed:", error);
  return error.message === "timed out"
    ? { status: 504, body: { error: "Request timed out." } }
    : { status: 500, body: { error: "An internal server error occurred." } };
}

async function read(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? {} : JSON.parse(text);
}
