import { SessionServiceError } from "./errors.ts";

const LONGEST = 64;

/**
 * The namespace for a database: its name, with every byte that is no letter, digit, `_` or `-` as `.` and two hex
 * digits. Two names never share one, for a full stop is always the beginning of such a byte.
 *
 * `named` has the exceptions, database → namespace.
 *
 * Throws `SessionServiceError` if the namespace would be longer than 64 characters, if one that is named is none, or
 * if it is already that of a database in `named`.
 */
export function namespaceOf(database: string, named: Readonly<Record<string, string>> = {}): string {
  const namespace = Object.hasOwn(named, database) ? named[database]! : escape(database);
  const other = Object.keys(named).find((name) => name !== database && named[name] === namespace);
  if (other !== undefined) throw twice(database, other, namespace);
  if (!/^[A-Za-z0-9_.-]+$/.test(namespace) || namespace.length > LONGEST) throw unusable(database, namespace);
  return namespace;
}

/** Reads `app=default,other=shop` as SESSIONING_NAMESPACES has it: database=namespace, with commas between. */
export function parseNamespaces(text: string): Record<string, string> {
  const pairs = text.split(",").map((pair) => pair.trim()).filter((pair) => pair !== "");
  return Object.fromEntries(pairs.map((pair) => {
    const [database, namespace, ...rest] = pair.split("=");
    if (!database || !namespace || rest.length > 0) {
      throw new SessionServiceError(
        `SESSIONING_NAMESPACES has "${pair}"; it wants DATABASE=NAMESPACE, with commas between several.`,
      );
    }
    return [database, namespace];
  }));
}

function escape(database: string): string {
  return [...new TextEncoder().encode(database)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(character) ? character : `.${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function unusable(database: string, namespace: string): SessionServiceError {
  return new SessionServiceError(
    `The sessions of the database "${database}" would be in the namespace "${namespace}", and a namespace is 1 to ` +
      `${LONGEST} of A-Z a-z 0-9 _ . -. Name another one: SESSIONING_NAMESPACES=DATABASE=NAMESPACE.`,
  );
}

function twice(database: string, other: string, namespace: string): SessionServiceError {
  return new SessionServiceError(
    `The databases "${database}" and "${other}" would share the sessions of the namespace "${namespace}". ` +
      "Name another one for either in SESSIONING_NAMESPACES.",
  );
}
