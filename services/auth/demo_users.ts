import { z } from "zod";
import { AuthError, emailKey, NewUser, signedUp, UserId, UserRole } from "./domain/mod.ts";
import type { Passwords, UserStore } from "./ports.ts";

const usersMax = 20;

/** The contents of `DEMO_USERS_FILE`. */
export const DemoUsers = z.object({
  users: z.array(z.object({ ...NewUser.shape, roles: z.array(UserRole).min(1) })).max(usersMax),
});
export type DemoUsers = z.output<typeof DemoUsers>;

/** Afterwards there is a user for each address in `demo`. Those that were there stay as they are. */
export async function addDemoUsers(
  { users }: DemoUsers,
  store: UserStore,
  passwords: Passwords,
  at: Date,
): Promise<void> {
  await Promise.all(users.map(async ({ email, name, password, roles }) => {
    if (await store.findByEmail(emailKey(email))) return;
    const passwordHash = await passwords.hash(password);
    const stamp = { id: UserId.parse(crypto.randomUUID()), at };
    try {
      await store.insert(signedUp({ email, name, passwordHash, roles }, stamp));
    } catch (thrown) {
      if (!(thrown instanceof AuthError && thrown.code === "email_taken")) throw thrown;
    }
  }));
}
