import { type ErrorFacts, type SessioningError, SessioningRefused, SessioningUnavailable, StepUpRequired } from "./errors.ts";
import { scrub } from "./hide.ts";

/** What an answer of the service says when it is not the one that was asked for. */
export interface Problem {
  code: string;
  title: string;
  detail: string | undefined;
  requestId: string | undefined;
}

/** The service's own problem document, or `undefined` for what a proxy, a portal or another program says. */
export function readProblem(status: number, type: string | null, text: string): Problem | undefined {
  if (!/^application\/problem\+json\b/i.test(type ?? "")) return undefined;
  const body = parseObject(text);
  if (body === undefined || typeof body["code"] !== "string" || typeof body["title"] !== "string") return undefined;
  if (body["status"] !== status) return undefined;
  return { code: body["code"], title: body["title"], detail: textOf(body["detail"]), requestId: textOf(body["request_id"]) };
}

/** The error for an answer that is not the one asked for; its text is free of these secrets. */
export function errorOf(response: Response, problem: Problem | undefined, secrets: readonly (string | undefined)[]): SessioningError {
  const { status } = response;
  const clean = (text: string) => scrub(text, secrets);
  const facts: ErrorFacts = { httpStatus: status, retryAfter: secondsOf(response.headers.get("retry-after")) };
  if (problem === undefined) {
    return new SessioningUnavailable(`what answered (HTTP ${status}) is not the session service; is the URL right?`, facts);
  }
  facts.code = clean(problem.code);
  if (problem.requestId !== undefined) facts.requestId = clean(problem.requestId);
  const detail = problem.detail === undefined ? "" : `: ${problem.detail}`;
  const message = clean(`${problem.title}${detail} (${problem.code})`);
  if (status >= 500 || status === 429 || status === 408) return new SessioningUnavailable(message, facts);
  if (status < 400) return new SessioningUnavailable(`the session service answered HTTP ${status} to this call`, facts);
  return problem.code === "step_up_required" ? new StepUpRequired(message, facts) : new SessioningRefused(message, facts);
}

/**
 * The object that a text of JSON holds, `undefined` if it holds none; without members named `__proto__`.
 *
 * `JSON.parse` makes plain members of them. `Object.assign`, and whatever else copies by assigning, would then make what is in
 * them the prototype of the copy: `isAdmin` would be true of an object that has no such member.
 */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text, PROTO.test(text) ? withoutProto : undefined);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The name, or a part of it in JSON's other spelling. Where it is not in the text, nothing has to be looked through. */
const PROTO = /__proto__|\\u00[5-7]/;

function withoutProto(key: string, value: unknown): unknown {
  return key === "__proto__" ? undefined : value;
}

/** True for an object that is no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** `Retry-After` in seconds; a date in it is not read, the service sends none. */
function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}
