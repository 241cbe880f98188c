// Cookies of one name in several scopes, in real Chromium: an application narrows its cookie, widens it, has one planted by
// another subdomain. The visitor is in again after one login, and a logout logs out.
//
//     node scopes.mjs NARROW WIDE
//
// Two runs of one example: WIDE with COOKIE_DOMAIN=shop.example.com, NARROW without. Cookies know no ports.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [narrow, wide] = process.argv.slice(2).map((url) => `http://app.shop.example.com:${new URL(url).port}/`);
const sibling = narrow.replace("app.shop", "evil");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=HttpsUpgrades",
    "--host-resolver-rules=MAP *.example.com 127.0.0.1",
  ],
});
try {
  for (const story of [narrows, widens, planted, plantedBelow, logsOut]) {
    const context = await browser.newContext();
    await story(await context.newPage(), context);
    await context.close();
  }
} finally {
  await browser.close();
}

async function narrows(page, context) {
  await logIn(page, wide);
  await logIn(page, narrow);
  await isInWithOneCookie(page, context);
  assert.equal((await sessions(context))[0].domain, "app.shop.example.com");
}

async function widens(page, context) {
  await logIn(page, narrow);
  await logIn(page, wide);
  await isInWithOneCookie(page, context);
  assert.equal((await sessions(context))[0].domain, ".shop.example.com");
}

async function planted(page, context) {
  await logIn(page, narrow);
  await plant(context, "session=ses_planted; Domain=example.com; Path=/");
  assert.equal((await sessions(context)).length, 2);
  await page.goto(narrow);
  await sees(page, "Who are you?");
  assert.deepEqual(await sessions(context), [], "the answer that meets two removes both");
  await logIn(page, narrow);
  await isInWithOneCookie(page, context);
}

/** One that is sent to the form's target alone. */
async function plantedBelow(page, context) {
  await plant(context, "session=ses_planted; Domain=example.com; Path=/logout");
  await logIn(page, narrow);
  await page.getByRole("button", { name: "Log out", exact: true }).click();
  await sees(page, "Who are you?");
  assert.deepEqual(await sessions(context), []);
}

async function logsOut(page, context) {
  await logIn(page, narrow);
  await plant(context, "session=ses_planted; Domain=example.com; Path=/");
  await page.getByRole("button", { name: "Log out", exact: true }).click();
  await sees(page, "Who are you?");
  assert.deepEqual(await sessions(context), []);
}

/** Sets a cookie as a page of another subdomain does. */
async function plant(context, cookie) {
  const page = await context.newPage();
  await page.goto(sibling);
  await page.evaluate((cookie) => document.cookie = cookie, cookie);
  await page.close();
}

async function logIn(page, url) {
  await page.goto(url);
  await page.getByLabel("Name").fill("alice");
  await page.getByRole("button", { name: "Log in" }).click();
  await sees(page, "Hello, alice");
}

async function isInWithOneCookie(page, context) {
  await page.reload();
  await sees(page, "Hello, alice");
  assert.equal((await sessions(context)).length, 1);
}

async function sessions(context) {
  return (await context.cookies()).filter(({ name }) => name === "session");
}

async function sees(page, heading) {
  await page.getByRole("heading", { name: heading }).waitFor({ timeout: 10_000 });
}
