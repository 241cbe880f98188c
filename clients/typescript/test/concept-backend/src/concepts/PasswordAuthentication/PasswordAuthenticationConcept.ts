const PASSWORDS: Readonly<Record<string, string>> = { alice: "wonderland", bob: "builder" };

/** Users by password; these two are enough here. */
export default class PasswordAuthenticationConcept {
  async authenticate(
    { username, password }: { username: string; password: string },
  ): Promise<{ user: string } | { error: string }> {
    const known = Object.hasOwn(PASSWORDS, username) && PASSWORDS[username] === password;
    return known ? { user: `user:${username}` } : { error: "Wrong name or password" };
  }
}
