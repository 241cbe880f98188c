/** The lint could not do its work; the message says why and what to do. The command exits with 2. */
export class Failure extends Error {
  override name = "Failure";
}
