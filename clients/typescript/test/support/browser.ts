import { request } from "node:http";
import { CookieJar } from "tough-cookie";

/** An answer as a browser gets it. */
export interface Page {
  status: number;
  text: string;
  headers: Record<string, string | string[] | undefined>;
  setCookies: string[];
}

/** What a request has besides its address. */
export interface Going {
  method?: string;
  headers?: Record<string, string>;
  form?: Record<string, string>;
}

/** Keeps and sends cookies by the rules that browsers follow, and says where its requests come from, as they do. */
export class Browser {
  readonly #site: string;
  readonly #jar = new CookieJar(undefined, { prefixSecurity: "strict" });

  constructor(site: string) {
    this.#site = site;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.go(path, { headers });
  }

  /** Sends a form of a page of this site. */
  post(path: string, form: Record<string, string> = {}, headers: Record<string, string> = { "Sec-Fetch-Site": "same-origin" }): Promise<Page> {
    return this.go(path, { method: "POST", form, headers: { Origin: new URL(path, this.#site).origin, ...headers } });
  }

  async go(path: string, { method = "GET", headers = {}, form }: Going): Promise<Page> {
    const url = new URL(path, this.#site);
    const cookie = await this.#jar.getCookieString(url.href);
    const body = form === undefined ? undefined : new URLSearchParams(form).toString();
    const page = await send(url, method, {
      ...(cookie === "" ? {} : { Cookie: cookie }),
      ...(body === undefined ? {} : { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": String(body.length) }),
      ...headers,
    }, body);
    for (const cookie of page.setCookies) await this.#jar.setCookie(cookie, url.href);
    return page;
  }

  /** The cookie that it would send, `undefined` if none. */
  async cookie(path = "/"): Promise<string | undefined> {
    return await this.#jar.getCookieString(new URL(path, this.#site).href) || undefined;
  }

  /** Puts a cookie into the jar. */
  async plant(cookie: string, from = this.#site): Promise<void> {
    await this.#jar.setCookie(cookie, from);
  }
}

function send(url: URL, method: string, headers: Record<string, string>, body: string | undefined): Promise<Page> {
  // Names of examples are all of this machine.
  const hostname = url.hostname.endsWith("example.com") ? "127.0.0.1" : url.hostname;
  return new Promise((resolve, reject) => {
    const sent = request(url, { hostname, method, headers: { Host: url.host, ...headers }, agent: false }, (res) => {
      let text = "";
      res.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
      res.on("error", reject);
      res.on("end", () => {
        resolve({ status: res.statusCode ?? 0, text, headers: res.headers, setCookies: res.headers["set-cookie"] ?? [] });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
