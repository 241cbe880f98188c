/** The service's own tokens are 108 characters long, taken-over ones shorter; what is longer only fills its log. */
const LONGEST = 512;

/** The text, if it can be sent as a session token at all. What cannot opens no session, and need not be asked about. */
export function sendable(token: string | null | undefined): string | undefined {
  if (typeof token !== "string" || token.length > LONGEST) return undefined;
  return /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}
