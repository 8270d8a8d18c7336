import { z } from "zod";
import { type Client, isFirstParty } from "./clients.ts";
import type { AuthorizationServer } from "./oidc_provider.ts";
import type { FoundArtifact, GrantStore } from "./ports.ts";

/** What we rely on of the grants that oidc-provider keeps. */
const GrantPayload = z.object({
  kind: z.literal("Grant"),
  clientId: z.string(),
  iat: z.number(),
  openid: z.object({ scope: z.string().optional() }).optional(),
  resources: z.record(z.string(), z.string()).optional(),
});

/** Somebody else's client that the person has allowed something. */
export interface Application {
  readonly clientId: string;
  readonly name: string;
  readonly scope: string;
  readonly allowedAt: Date;
}

export interface ApplicationsOptions {
  readonly grants: GrantStore;
  readonly clients: readonly Client[];
  readonly serverNow: () => AuthorizationServer;
  readonly now: () => Date;
}

interface Consent {
  readonly grantId: string;
  readonly clientId: string;
  readonly scope: string;
  readonly at: Date;
}

/** What a person has allowed the clients of others. */
export class Applications {
  readonly #options: ApplicationsOptions;

  constructor(options: ApplicationsOptions) {
    this.#options = options;
  }

  async list(owner: string): Promise<readonly Application[]> {
    const { provider } = this.#options.serverNow();
    const byClient = Map.groupBy(await this.#consents(owner), ({ clientId }) => clientId);
    return await Promise.all([...byClient].map(async ([clientId, consents]) => {
      const scopes = consents.flatMap(({ scope }) => scope.split(" "));
      return {
        clientId,
        name: (await provider.Client.find(clientId))?.clientName ?? clientId,
        scope: [...new Set(scopes)].join(" "),
        allowedAt: new Date(Math.min(...consents.map(({ at }) => at.getTime()))),
      };
    }));
  }

  /** Takes everything back that the client was allowed, and all tokens that came of it. */
  async disconnect(owner: string, clientId: string): Promise<void> {
    for (const consent of await this.#consents(owner)) {
      if (consent.clientId === clientId) await this.#options.grants.revokeGrant(consent.grantId);
    }
  }

  async #consents(owner: string): Promise<readonly Consent[]> {
    const artifacts = await this.#options.grants.listByOwner(owner);
    return artifacts.flatMap((artifact) => consentOf(artifact, this.#options));
  }
}

function consentOf(
  { payload, grantId, expiresAt }: FoundArtifact,
  { clients, now }: Pick<ApplicationsOptions, "clients" | "now">,
): Consent[] {
  const grant = GrantPayload.safeParse(payload).data;
  if (!grant || grantId === undefined || expiresAt <= now()) return [];
  const { clientId, openid, resources = {}, iat } = grant;
  if (isFirstParty(clients, clientId)) return [];
  const scope = [openid?.scope ?? "", ...Object.values(resources)].join(" ").trim();
  return [{ grantId, clientId, scope, at: new Date(iat * 1_000) }];
}

/** The grant by which a client was allowed something before, in whichever browser. */
export async function rememberedGrant(
  { grants, now }: Pick<ApplicationsOptions, "grants" | "now">,
  { accountId, clientId }: { readonly accountId: string; readonly clientId: string },
): Promise<string | undefined> {
  const artifacts = await grants.listByOwner(accountId);
  const consents = artifacts.flatMap((artifact) => consentOf(artifact, { clients: [], now }));
  return consents.find((consent) => consent.clientId === clientId)?.grantId;
}
