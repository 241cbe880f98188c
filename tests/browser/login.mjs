// Somebody logs in, reloads, comes with a second browser, logs the other one out, logs out, all in real Chromium.
//
//     node login.mjs URL [FOLDER]        screenshots go to the folder
//
// The page is any of the examples: they have the same words on their buttons.
import assert from "node:assert/strict";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url, folder] = process.argv.slice(2);
const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: quiet });
try {
  await play();
} finally {
  await browser.close();
}

async function play() {
  const laptop = await device("laptop");
  const phone = await device("phone");

  await logIn(laptop);
  await picture(laptop, "1-logged-in");
  await laptop.reload();
  await sees(laptop, "Hello, alice");
  await hasOneCookieOutOfReach(laptop);

  await logIn(phone);
  await laptop.reload();
  await picture(laptop, "2-two-devices");
  assert.equal(await laptop.getByRole("listitem").count(), 2);
  await laptop.getByRole("button", { name: "Log out there" }).click();
  // The heading is on the page before and after.
  await laptop.getByRole("button", { name: "Log out there" }).waitFor({ state: "detached", timeout: 10_000 });
  await sees(laptop, "Hello, alice");
  assert.equal(await laptop.getByRole("listitem").count(), 1);
  await phone.reload();
  await sees(phone, "Who are you?");
  await picture(phone, "3-logged-out-from-afar");

  const copy = await laptop.context().cookies();
  await laptop.getByRole("button", { name: "Log out", exact: true }).click();
  await sees(laptop, "Who are you?");
  assert.deepEqual(await laptop.context().cookies(), [], "a cookie is left after logging out");
  // Whoever kept the cookie has nothing.
  await phone.context().addCookies(copy);
  await phone.reload();
  await sees(phone, "Who are you?");
  await picture(laptop, "4-logged-out");
}

async function device(name) {
  const context = await browser.newContext({ userAgent: `${name} of alice`, viewport: { width: 800, height: 600 } });
  return context.newPage();
}

async function logIn(page) {
  await page.goto(url);
  await page.getByLabel("Name").fill("alice");
  await page.getByRole("button", { name: "Log in" }).click();
  await sees(page, "Hello, alice");
}

async function sees(page, heading) {
  await page.getByRole("heading", { name: heading }).waitFor({ timeout: 10_000 });
}

async function hasOneCookieOutOfReach(page) {
  const cookies = await page.context().cookies();
  assert.equal(cookies.length, 1);
  assert.equal(cookies[0].httpOnly, true);
  assert.equal(cookies[0].sameSite, "Lax");
  assert.equal(await page.evaluate(() => document.cookie), "");
}

async function picture(page, name) {
  if (folder !== undefined) {
    await page.screenshot({ path: join(folder, `${name}.png`) });
  }
}
