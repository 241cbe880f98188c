/**
 * The two lines of the original, in the back end's own terminal, where its developers look. Of a session they show the
 * public id and never the token: that would let in whoever reads the log.
 */

export function sayAttempt(user: unknown): void {
  console.log(`[Sessioning.create] Attempting to insert session for user: ${line(user)}`);
}

export function sayCreated(session: string): void {
  console.log(`[Sessioning.create] Successfully created session: ${publicId(session)}`);
}

/** Text in one line, and no longer than a user may be: a name with line ends in it would look like lines of their own. */
function line(value: unknown): string {
  const isPlain = typeof value === "string" && !/\p{Cc}/u.test(value);
  return (isPlain ? value : JSON.stringify(value) ?? String(value)).slice(0, 256);
}

/** The id under which the service's log and lists know a session. */
function publicId(session: string): string {
  const [, ...parts] = /^ses_(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})/.exec(session) ?? [];
  return parts.length > 0 ? parts.join("-") : "(of a token that has no public part)";
}
