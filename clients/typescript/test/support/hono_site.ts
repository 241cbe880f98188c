import { once } from "node:events";
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { login, logout, renew, requireSameOrigin, requireSession, sessioning, sessionToken } from "../../src/hono.ts";
import type { Site, StartSite } from "./site.ts";

export const startHono: StartSite = async (client, options = {}) => {
  const app = new Hono();
  app.use("/unguarded", async (c) => {
    await logout(c);
    return c.text("out");
  });
  app.use(sessioning({ client, ...options }));
  app.on(["GET", "POST"], "/who", (c) => c.json({ user: c.get("session")?.user ?? null }));
  app.get("/private", requireSession, (c) => c.text(c.get("session")!.user));
  app.post("/login", requireSameOrigin, async (c) => {
    const { user } = await login(c, String((await c.req.parseBody())["user"]), { metadata: { label: "test" } });
    c.header("Set-Cookie", "theme=dark; Path=/", { append: true });
    return c.json({ user, now: c.get("session")?.user });
  });
  app.post("/logout", async (c) => {
    await logout(c);
    return c.json({ now: c.get("session") });
  });
  app.post("/renew", async (c) => c.json({ level: (await renew(c, { level: 2 }))?.level ?? null }));
  app.post("/renew-and-fail", async (c) => {
    await renew(c);
    throw new Error("the handler failed");
  });
  app.get("/devices", async (c) =>
    c.json((await client.list(sessionToken(c)))?.items.map(({ metadata }) => metadata.label ?? null) ?? null));
  app.get("/cached", (c) => c.text("cached", 200, { "Cache-Control": "private, max-age=60", Vary: "Accept" }));
  app.get("/raw", () => new Response("raw", { headers: { Vary: "Accept", "Set-Cookie": "a=1" } }));
  app.post("/login-cached", async (c) => {
    await login(c, "alice");
    return c.text("in", 200, { "Cache-Control": "public" });
  });
  // Hono prints the errors that it answers; these are expected.
  app.onError((error, c) => "getResponse" in error ? (error as { getResponse(): Response }).getResponse() : c.text("failed", 500));
  return listen(app);
};

interface Platform {
  Deno?: { serve(options: object, handler: unknown): { addr: { port: number }; shutdown(): Promise<void> } };
  Bun?: { serve(options: object): { port: number; stop(force: boolean): Promise<void> } };
}

/** Each platform's own server. */
async function listen(app: Hono): Promise<Site> {
  const { Deno, Bun } = globalThis as Platform;
  if (Deno !== undefined) {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, app.fetch);
    return { url: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
  }
  if (Bun !== undefined) {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
    return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
  }
  let port = 0;
  const server = await new Promise<Server>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info) => {
      port = info.port;
      resolve(server as Server);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
