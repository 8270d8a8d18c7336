import {
  type Authenticate,
  createAuthenticator,
  createServiceToken,
  shownBehindEdge,
  type VerificationOptions,
} from "platform/access";
import { openWebFetch } from "platform/tls";
import { KeycloakDirectory } from "./adapters/mod.ts";
import type { Config } from "./config.ts";
import type { PeopleDirectory } from "./people_directory.ts";
import { type PeopleElsewhereOptions, withAccounts } from "./people_elsewhere.ts";

export interface ElsewhereOptions extends PeopleElsewhereOptions {
  readonly denylist: Pick<VerificationOptions, "isRevoked">;
  readonly config: Pick<Config, "foreignIssuer" | "tokens" | "directory" | "edgeOrigins">;
}

/** The issuer whose tokens count when they are not our own, and the directory of its people. */
export function openElsewhere(
  running: AsyncDisposableStack,
  { config, denylist, ...people }: ElsewhereOptions,
): { readonly authenticate: Authenticate; readonly directory: PeopleDirectory | undefined } {
  const { tokens, directory } = config;
  const { fetch } = running.use(openWebFetch(config.foreignIssuer));
  const sender = { shownBy: shownBehindEdge(config.edgeOrigins) };
  const authenticate = withAccounts(
    createAuthenticator({ ...tokens, ...denylist, sender, fetch }),
    people,
  );
  if (!directory) return { authenticate, directory };
  const token = createServiceToken({ ...directory, fetch, now: people.now });
  const { adminUrl } = directory;
  return { authenticate, directory: new KeycloakDirectory({ adminUrl, fetch, token }) };
}
