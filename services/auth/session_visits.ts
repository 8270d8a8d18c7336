import { z } from "zod";
import { artifactKey } from "./artifact_key.ts";
import { type Client, isFirstParty } from "./clients.ts";
import type { FoundArtifact, GrantStore } from "./ports.ts";

/** As long as a session may last. */
const keptMs = 14 * 86_400_000;
/** Being there is written down no more often. */
const writtenEveryMs = 60_000;
const userAgentLengthMax = 300;

const Visits = z.object({
  uid: z.string(),
  userAgent: z.string(),
  address: z.string(),
  lastAt: z.iso.datetime(),
});

/** What we rely on of the sessions that oidc-provider keeps. */
const SessionPayload = z.object({
  kind: z.literal("Session"),
  uid: z.string(),
  loginTs: z.number(),
  authorizations: z.record(z.string(), z.object({ grantId: z.string().optional() })).default({}),
});

/** That somebody was there with a browser that is signed in. */
export interface Visit {
  /** Of the session. */
  readonly uid: string;
  readonly accountId: string;
  readonly userAgent: string;
  /** Network that they came from. */
  readonly address: string;
}

/** A browser that is signed in. */
export interface BrowserSession {
  readonly uid: string;
  readonly signedInAt: Date;
  /** What is known of the last time that somebody was there. */
  readonly last?: { readonly at: Date; readonly userAgent: string; readonly address: string };
}

/** Where a person is signed in, and what was seen of each browser. */
export class SessionVisits {
  readonly #grants: GrantStore;
  readonly #clients: readonly Client[];
  readonly #now: () => Date;

  constructor({ grants, clients, now }: {
    readonly grants: GrantStore;
    readonly clients: readonly Client[];
    readonly now: () => Date;
  }) {
    this.#grants = grants;
    this.#clients = clients;
    this.#now = now;
  }

  /** Remembers who was there last, for the owner to see. */
  async record({ uid, accountId, userAgent, address }: Visit): Promise<void> {
    const at = this.#now();
    const key = await artifactKey("SessionVisit", "id", uid);
    const seen = { uid, userAgent: userAgent.slice(0, userAgentLengthMax), address };
    const before = Visits.safeParse((await this.#grants.find(key))?.payload).data;
    const isKnown = before?.address === seen.address && before.userAgent === seen.userAgent &&
      at.getTime() - Date.parse(before.lastAt) < writtenEveryMs;
    if (isKnown) return;
    await this.#grants.put({
      key,
      owner: accountId,
      payload: { kind: "SessionVisit", ...seen, lastAt: at.toISOString() },
      expiresAt: new Date(at.getTime() + keptMs),
    });
  }

  /** The browsers in which the person is signed in, the one used last first. */
  async list(owner: string): Promise<readonly BrowserSession[]> {
    const artifacts = await this.#grants.listByOwner(owner);
    const visits = new Map(
      artifacts.map(({ payload }) => Visits.safeParse(payload).data)
        .filter((visit) => visit !== undefined).map((visit) => [visit.uid, visit]),
    );
    const sessions = artifacts.flatMap((artifact) => this.#toSession(artifact, visits));
    const lastOf = ({ last, signedInAt }: BrowserSession) => (last?.at ?? signedInAt).getTime();
    return sessions.sort((one, other) => lastOf(other) - lastOf(one));
  }

  /**
   * Signs one browser out: the session and what our own programs have got by it. What others were
   * allowed is for {@linkcode Applications}.
   */
  async end(owner: string, uid: string): Promise<void> {
    const found = await this.#grants.findByUid(await artifactKey("Session", "uid", uid));
    const session = SessionPayload.safeParse(found?.payload).data;
    if (!found || !session || found.owner !== owner) return;
    await this.#grants.destroy(found.key);
    for (const [clientId, { grantId }] of Object.entries(session.authorizations)) {
      if (grantId === undefined || !isFirstParty(this.#clients, clientId)) continue;
      await this.#grants.revokeGrant(grantId);
    }
  }

  #toSession(
    { payload, expiresAt }: FoundArtifact,
    visits: ReadonlyMap<string, z.output<typeof Visits>>,
  ): BrowserSession[] {
    const session = SessionPayload.safeParse(payload).data;
    if (!session || expiresAt <= this.#now()) return [];
    const visit = visits.get(session.uid);
    const { uid, loginTs } = session;
    const signedInAt = new Date(loginTs * 1_000);
    if (!visit) return [{ uid, signedInAt }];
    const { lastAt, userAgent, address } = visit;
    return [{ uid, signedInAt, last: { at: new Date(lastAt), userAgent, address } }];
  }
}
