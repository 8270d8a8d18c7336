import {
  type Authenticate,
  createAuthenticator,
  createServiceToken,
  type ServiceToken,
  shownBehindEdge,
  type TokenRules,
} from "platform/access";
import type { ForeignIssuer, Secret } from "platform/config";
import { openDenylist } from "platform/denylist";
import type { Redis } from "platform/redis";
import type { Logger } from "platform/telemetry";
import { type IssuerConnectionOptions, openIssuer } from "./open_issuer.ts";

/** What a service is told of whose tokens count. */
export interface ServiceAccessConfig {
  readonly tokens: TokenRules;
  /** Undefined: tokens are our own auth server's. */
  readonly foreignIssuer: ForeignIssuer | undefined;
  /** By which clients call the edge. */
  readonly edgeOrigins: readonly string[];
  /** Where auth tells of accounts when there is no Redis. */
  readonly accountEventsPath: string;
  readonly client: { readonly tokenUrl: string; readonly id: string; readonly secret: Secret };
}

export interface ServiceAccessOptions extends Omit<IssuerConnectionOptions, "foreignIssuer"> {
  readonly config: ServiceAccessConfig;
  readonly redis: Redis | undefined;
  readonly log: Logger;
  readonly now: () => Date;
}

export interface ServiceAccess {
  /** Whose calls are believed. */
  readonly authenticate: Authenticate;
  /** By what the service calls others in its own name. */
  readonly token: ServiceToken;
}

/** Opens what a service has to do with the issuer, and gives it to `running`. */
export async function openServiceAccess(
  running: AsyncDisposableStack,
  { config, redis, log, now, ...peers }: ServiceAccessOptions,
): Promise<ServiceAccess> {
  const { tokens, foreignIssuer, accountEventsPath: path, client } = config;
  const { fetch } = running.use(openIssuer({ ...peers, foreignIssuer }));
  const denylist = running.use(await openDenylist({ path, redis, log, now }));
  const sender = { shownBy: shownBehindEdge(config.edgeOrigins) };
  const { tokenUrl, id: clientId, secret: clientSecret } = client;
  return {
    authenticate: createAuthenticator({ ...tokens, ...denylist, sender, fetch }),
    token: createServiceToken({ tokenUrl, clientId, clientSecret, fetch, now }),
  };
}
