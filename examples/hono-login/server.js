// A page with a login form. It takes any name: checking a password is the application's business, not the session's.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { html } from "hono/html";
import { login, logout, requireSameOrigin, requireSession, sessioning } from "@sessioning/client/hono";

const app = new Hono();

// Over HTTPS leave the cookie as it is by default. On plain HTTP, not every browser keeps a Secure cookie of localhost.
app.use(sessioning({
  cookie: { secure: process.env.NODE_ENV === "production" },
  onUnavailable: (error) => console.error(error.message),
}));

app.get("/", (c) => c.html(page(c.get("session"))));

app.post("/login", requireSameOrigin, async (c) => {
  const { name } = await c.req.parseBody();
  await login(c, name, { metadata: { user_agent: c.req.header("User-Agent")?.slice(0, 512) } });
  return c.redirect("/", 303);
});

app.post("/logout", async (c) => {
  await logout(c);
  return c.redirect("/", 303);
});

app.get("/private", requireSession, (c) => c.text(`For ${c.get("session").user} alone\n`));

function page(session) {
  const form = session === null
    ? html`<form method="post" action="/login"><input name="name" required maxlength="64" autofocus> <button>Log in</button></form>`
    : html`<p>You are <b>${session.user}</b>.</p><form method="post" action="/logout"><button>Log out</button></form>`;
  return html`<!doctype html><meta charset="utf-8"><title>Hono login</title><h1>Hono login</h1>${form}`;
}

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: "127.0.0.1" }, ({ port }) => {
  console.log(`listening http://127.0.0.1:${port}`);
});
