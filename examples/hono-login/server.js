// Login, logout and "your devices". It takes any name: checking a password is the application's business, not the session's.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { SessioningClient } from "@sessioning/client";
import { login, logout, requireSameOrigin, requireSession, sessioning, sessionToken } from "@sessioning/client/hono";
import { homePage, loginPage } from "./page.js";

const app = new Hono();
const sessions = new SessioningClient();

// Over HTTPS leave the cookie as it is by default. On plain HTTP, not every browser keeps a Secure cookie of localhost.
app.use(sessioning({
  client: sessions,
  // COOKIE_DOMAIN=example.com shares the login with the subdomains of example.com.
  cookie: { secure: process.env.NODE_ENV === "production", domain: process.env.COOKIE_DOMAIN },
  onUnavailable: (error) => console.error(error.message),
}));

app.get("/", async (c) => {
  const devices = await devicesOf(sessionToken(c));
  return c.html(devices === null ? loginPage() : homePage(c.get("session"), devices));
});

app.post("/login", requireSameOrigin, async (c) => {
  const { name } = await c.req.parseBody();
  if (!isName(name)) return c.html(loginPage("A name has 1 to 64 characters."), 400);
  await login(c, name, { metadata: { user_agent: c.req.header("User-Agent") } });
  return c.redirect("/", 303);
});

app.post("/logout", async (c) => {
  await logout(c);
  return c.redirect("/", 303);
});

app.post("/devices/:id/end", async (c) => {
  await sessions.revoke(sessionToken(c), c.req.param("id"));
  return c.redirect("/", 303);
});

app.post("/devices/end-others", async (c) => {
  await sessions.revokeOthers(sessionToken(c));
  return c.redirect("/", 303);
});

app.get("/private", requireSession, (c) => c.text(`For ${c.get("session").user} alone\n`));

/** All sessions of a user, page by page; `null` if nobody is logged in. */
async function devicesOf(token) {
  const devices = [];
  let cursor;
  do {
    const page = await sessions.list(token, { cursor });
    if (page === null) return null;
    devices.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return devices;
}

/** Whether a form gave a name that a user may have. */
function isName(name) {
  return typeof name === "string" && /^\P{Cc}{1,64}$/u.test(name);
}

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: "127.0.0.1" }, ({ port }) => {
  console.log(`listening http://127.0.0.1:${port}`);
});
