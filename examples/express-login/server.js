// A page with a login form. It takes any name: checking a password is the application's business, not the session's.
import express from "express";
import { login, logout, requireSameOrigin, requireSession, sessioning } from "@sessioning/client/express";

const app = express();

// Over HTTPS leave the cookie as it is by default. On plain HTTP, not every browser keeps a Secure cookie of localhost.
app.use(sessioning({
  cookie: { secure: process.env.NODE_ENV === "production" },
  onUnavailable: (error) => console.error(error.message),
}));
app.use(express.urlencoded({ extended: false }));

app.get("/", (req, res) => res.send(page(req.session)));

app.post("/login", requireSameOrigin, async (req, res) => {
  await login(req, req.body.name, { metadata: { user_agent: req.get("User-Agent")?.slice(0, 512) } });
  res.redirect(303, "/");
});

app.post("/logout", async (req, res) => {
  await logout(req);
  res.redirect(303, "/");
});

app.get("/private", requireSession, (req, res) => res.type("text").send(`For ${req.session.user} alone\n`));

function page(session) {
  const form = session === null
    ? `<form method="post" action="/login"><input name="name" required maxlength="64" autofocus> <button>Log in</button></form>`
    : `<p>You are <b>${escape(session.user)}</b>.</p><form method="post" action="/logout"><button>Log out</button></form>`;
  return `<!doctype html><meta charset="utf-8"><title>Express login</title><h1>Express login</h1>${form}`;
}

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", (error) => {
  if (error) throw error;
  console.log(`listening http://127.0.0.1:${server.address().port}`);
});
