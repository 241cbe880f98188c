import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { login, logout, renew, requireSameOrigin, requireSession, sessioning, sessionToken } from "../../src/express.ts";
import type { StartSite } from "./site.ts";

export const startExpress: StartSite = async (client, options = {}) => {
  const app = express();
  // Under "test" Express does not print the errors that it answers.
  app.set("env", "test");
  app.use("/unguarded", async (req, res) => {
    await logout(req);
    res.send("out");
  });
  app.use(sessioning({ client, ...options }));
  app.use(express.urlencoded({ extended: false }));
  app.get("/who", (req, res) => void res.json({ user: req.session?.user ?? null }));
  app.post("/who", (req, res) => void res.json({ user: req.session?.user ?? null }));
  app.get("/private", requireSession, (req, res) => void res.type("text").send(req.session!.user));
  app.post("/login", requireSameOrigin, async (req, res) => {
    const { user } = await login(req, String(req.body.user), { metadata: { label: "test" } });
    res.cookie("theme", "dark").json({ user, now: req.session?.user });
  });
  app.post("/logout", async (req, res) => {
    await logout(req);
    res.json({ now: req.session });
  });
  app.post("/renew", async (req, res) => {
    res.json({ level: (await renew(req, { level: 2 }))?.level ?? null });
  });
  app.post("/renew-and-fail", async (req) => {
    await renew(req);
    throw new Error("the handler failed");
  });
  app.get("/devices", async (req, res) => {
    res.json((await client.list(sessionToken(req)))?.items.map(({ metadata }) => metadata.label) ?? null);
  });
  app.get("/cached", (_, res) => void res.set({ "Cache-Control": "private, max-age=60", Vary: "Accept" }).send("cached"));
  app.get("/raw", (_, res) => void res.writeHead(200, { Vary: "Accept", "Set-Cookie": ["a=1"] }).end("raw"));
  app.post("/login-cached", async (req, res) => {
    await login(req, "alice");
    res.set("Cache-Control", "public").send("in");
  });
  app.get("/late", async (req, res) => {
    res.write("begun");
    res.end(await login(req, "alice").then(() => "in", (error: Error) => error.message));
  });
  const server = createServer(app);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};
