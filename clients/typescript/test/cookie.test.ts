import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Cookie } from "tough-cookie";
import { type CookieSettings, SessionCookie } from "../src/web/cookie.ts";
import { isOwn, isSafe } from "../src/web/origin.ts";

describe("the cookie", () => {
  it("has the strictest attributes that follow links", () => {
    assert.equal(new SessionCookie().set("ses_1", 60), "__Host-session=ses_1; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
  });

  it("has the strongest prefix that the rest allows", () => {
    assert.equal(new SessionCookie({ domain: "example.org" }).name, "__Secure-session");
    assert.equal(new SessionCookie({ path: "/app" }).name, "__Secure-session");
    assert.equal(new SessionCookie({ secure: false }).name, "session");
  });

  it("lives at most 400 days", () => {
    const life = (seconds: number) => new SessionCookie().set("ses_1", seconds).split("; Max-Age=")[1];
    assert.equal(life(Infinity), "34560000");
    assert.equal(life(34_560_001), "34560000");
    assert.equal(life(59.9), "59");
    assert.equal(life(-1), "0");
  });

  it("repeats all attributes when it is removed", () => {
    for (const settings of [{}, { domain: "example.org", path: "/a", sameSite: "None" }, { secure: false, name: "sid" }] as CookieSettings[]) {
      const cookie = new SessionCookie(settings);
      const [set, removed] = [Cookie.parse(cookie.set("ses_1", 60))!, Cookie.parse(cookie.remove())!];
      for (const attribute of ["key", "domain", "path", "secure", "httpOnly", "sameSite"] as const) {
        assert.equal(removed[attribute], set[attribute], attribute);
      }
      assert.equal(removed.value, "");
      assert.equal(removed.maxAge, 0);
    }
  });

  it("is refused where a browser would refuse it", () => {
    const refused: CookieSettings[] = [
      { name: "" },
      { name: "a b" },
      { name: "a=b" },
      { name: "ä" },
      { name: "x".repeat(257) },
      { name: "__Host-a", secure: false },
      { name: "__host-a", secure: false },
      { name: "__Secure-a", secure: false },
      { name: "__http-a", secure: false },
      { name: "__Host-a", domain: "example.org" },
      { name: "__HOST-a", path: "/a" },
      { sameSite: "None", secure: false },
      { sameSite: "lax" as "Lax" },
      { secure: "false" as unknown as boolean, name: "sid" },
      { path: "" },
      { path: "a" },
      { path: "/a;b" },
      { path: "/a\r\nSet-Cookie: b=c" },
      { path: `/${"a".repeat(1024)}` },
      { domain: "" },
      { domain: ".example.org" },
      { domain: "example.org; Path=/" },
      { domain: "ä.example" },
    ];
    for (const settings of refused) assert.throws(() => new SessionCookie(settings), TypeError, JSON.stringify(settings));
    for (const token of ["", "a b", "a;b", 'a"b', "a,b", "a\\b", "a\r\nb", "ä", "x".repeat(4096)]) {
      assert.throws(() => new SessionCookie().set(token, 60), (error) => error instanceof TypeError && !(token !== "" && error.message.includes(token)));
    }
  });

  it("is found byte for byte, and all of its name", () => {
    const cookie = new SessionCookie({ secure: false, name: "sid" });
    const found: [string | undefined, string[]][] = [
      [undefined, []],
      ["", []],
      ["sid=a", ["a"]],
      ["x=1; sid=a;y=2", ["a"]],
      [" \tsid=a\t ", ["a"]],
      ["sid=a; sid=a", ["a", "a"]],
      ["sid=", [""]],
      ['sid="a"', ['"a"']],
      ["sid=%61=b", ["%61=b"]],
      ["SID=a; Sid=b; xsid=c; sid =d; sid", []],
      ["\u00a0sid=a; \u000bsid=b", []],
    ];
    for (const [header, values] of found) assert.deepEqual(cookie.find(header), values, header);
  });
});

describe("the cookies of other scopes", () => {
  const scopes = (settings: CookieSettings, host?: string, path?: string) =>
    new SessionCookie(settings).removeOthers(host, path).map((text) => {
      const { key, value, domain, path, maxAge } = Cookie.parse(text)!;
      assert.equal(value, "");
      assert.equal(maxAge, 0);
      assert.equal(key, new SessionCookie(settings).name);
      return `${domain ?? ""} ${path}`;
    });

  it("are those of the host alone and of each domain above it, but the own one", () => {
    const host = "app.shop.example.com:8443";
    assert.deepEqual(scopes({ name: "sid" }, host), ["app.shop.example.com /", "shop.example.com /", "example.com /"]);
    assert.deepEqual(scopes({ domain: "Example.com" }, host), [" /", "app.shop.example.com /", "shop.example.com /"]);
    for (const unknown of [undefined, "127.0.0.1", "sessions.internal.net"]) assert.deepEqual(scopes({ domain: "example.com" }, unknown), [" /"]);
    for (const none of ["localhost:3000", "127.0.0.1:80", "[::1]:80", "::1", "1.0x7f", "com", "", "a..b.com", "a;b.com", "example.com."]) {
      assert.deepEqual(scopes({ name: "sid" }, none), [], none);
    }
  });

  it("are those of each path above the request's, too, if that is given", () => {
    const settings = { secure: false, path: "/app" };
    assert.deepEqual(scopes(settings, "localhost:3000", "/app/in"), [" /", " /app/", " /app/in"]);
    assert.deepEqual(scopes(settings, "localhost:3000", "/a;b/c"), [" /"]);
  });

  it("are bounded, and none for a name of one host alone", () => {
    assert.equal(scopes({ name: "sid" }, `${"a.".repeat(40)}example.com`, "/a".repeat(40)).length, 16);
    assert.deepEqual(scopes({}, "app.example.com", "/a/b"), []);
    assert.deepEqual(scopes({ name: "__host-x" }, "app.example.com", "/a/b"), []);
  });
});

describe("a request's origin", () => {
  const own = (headers: Record<string, string>, host: string | undefined = "app.example", listed: string[] = []) =>
    isOwn({ method: "POST", host, path: "/", header: (name) => headers[name] }, listed);

  it("is compared with the host, port and all, but for the scheme's own port", () => {
    for (const [origin, host] of [
      ["https://app.example", "app.example"],
      ["https://app.example", "app.example:443"],
      ["http://app.example", "app.example:80"],
      ["https://app.example", "APP.example"],
      ["http://[::1]:8080", "[::1]:8080"],
    ] as const) assert.ok(own({ origin }, host), origin);
    for (const [origin, host] of [
      ["https://app.example:8443", "app.example"],
      ["https://app.example", "app.example:80"],
      ["https://app.example", "app.example.evil.example"],
      ["https://app.example", "evil@app.example"],
      ["https://app.example", ""],
      ["app.example", "app.example"],
      ["file://app.example", "app.example"],
      ["https://app.example/", "app.example"],
      ["", "app.example"],
    ] as const) assert.ok(!own({ origin }, host), `${origin} ${host}`);
    assert.ok(!isOwn({ method: "POST", host: undefined, path: "/", header: () => "https://app.example" }, []));
  });

  it("matters for what can change something", () => {
    const safe = ["GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "get", "QUERY"].filter((method) => isSafe({ method, host: "", path: "/", header: () => undefined }));
    assert.deepEqual(safe, ["GET", "HEAD", "OPTIONS", "TRACE"]);
  });
});
