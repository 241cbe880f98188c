// Login, logout and "your devices". It takes any name: checking a password is the application's business, not the session's.
import express from "express";
import { SessioningClient } from "@sessioning/client";
import { login, logout, requireSameOrigin, requireSession, sessioning, sessionToken } from "@sessioning/client/express";
import { homePage, loginPage } from "./page.js";

const app = express();
const sessions = new SessioningClient();

// Over HTTPS leave the cookie as it is by default. On plain HTTP, not every browser keeps a Secure cookie of localhost.
app.use(sessioning({
  client: sessions,
  // COOKIE_DOMAIN=example.com shares the login with the subdomains of example.com.
  cookie: { secure: process.env.NODE_ENV === "production", domain: process.env.COOKIE_DOMAIN },
  onUnavailable: (error) => console.error(error.message),
}));
app.use(express.urlencoded({ extended: false }));

app.get("/", async (req, res) => {
  const devices = await devicesOf(sessionToken(req));
  res.send(String(devices === null ? loginPage() : homePage(req.session, devices)));
});

app.post("/login", requireSameOrigin, async (req, res) => {
  const name = req.body?.name;
  if (!isName(name)) return res.status(400).send(String(loginPage("A name has 1 to 64 characters.")));
  await login(req, name, { metadata: { user_agent: req.get("User-Agent") } });
  res.redirect(303, "/");
});

app.post("/logout", async (req, res) => {
  await logout(req);
  res.redirect(303, "/");
});

app.post("/devices/:id/end", async (req, res) => {
  await sessions.revoke(sessionToken(req), req.params.id);
  res.redirect(303, "/");
});

app.post("/devices/end-others", async (req, res) => {
  await sessions.revokeOthers(sessionToken(req));
  res.redirect(303, "/");
});

app.get("/private", requireSession, (req, res) => res.type("text").send(`For ${req.session.user} alone\n`));

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

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", (error) => {
  if (error) throw error;
  console.log(`listening http://127.0.0.1:${server.address().port}`);
});
