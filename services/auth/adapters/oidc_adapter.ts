import { errors } from "oidc-provider";
import { artifactKey } from "../artifact_key.ts";
import type { ArtifactPayload, OidcAdapter, OidcAdapterFactory } from "../oidc_provider.ts";
import type { FoundArtifact, GrantStore } from "../ports.ts";
import { RefreshGrace, refreshTurn } from "../refresh_grace.ts";

/** Markers of used artifacts outlive what expired a moment ago and clocks that disagree. */
const rememberedBeyondMs = 60_000;
/** For what oidc-provider keeps without a time of its own. */
const lifeSecondsDefault = 14 * 86_400;
/** Clients that were registered stay until they are deleted, and so does what manages them. */
const lifeSecondsOfClients = 100 * 365 * 86_400;
const clientKinds = ["Client", "RegistrationAccessToken"];

/**
 * Lets oidc-provider keep what it gives out in `grants`.
 *
 * What makes a token usable, its id, is never handed on: artifacts are kept under a hash of kind and
 * id, and payloads lose the ids that they repeat. A device code alone keeps its own in its payload, which is
 * sealed, for ten minutes: the person who types the short code leads to it by that.
 */
export function oidcAdapterFor(grants: GrantStore, now: () => Date): OidcAdapterFactory {
  const grace = new RefreshGrace({ grants, now });
  return (kind) => {
    if (kind === "RefreshToken") return new RefreshTokenAdapter(kind, { grants, now, grace });
    if (kind === "DeviceCode") return new DeviceCodeAdapter(kind, { grants, now });
    return new GrantStoreAdapter(kind, { grants, now });
  };
}

interface AdapterOptions {
  readonly grants: GrantStore;
  readonly now: () => Date;
}

class GrantStoreAdapter implements OidcAdapter {
  readonly #kind: string;
  readonly #grants: GrantStore;
  readonly #now: () => Date;

  constructor(kind: string, { grants, now }: AdapterOptions) {
    this.#kind = kind;
    this.#grants = grants;
    this.#now = now;
  }

  async upsert(
    id: string,
    payload: ArtifactPayload,
    expiresInSeconds = lifeSecondsOf(this.#kind),
  ): Promise<void> {
    if (this.#kind === "ReplayDetection") return await this.#usedOnce(id, expiresInSeconds);
    const { uid, userCode } = payload;
    await this.#grants.put({
      key: await this.#keyOf("id", id),
      uidKey: uid === undefined ? undefined : await this.#keyOf("uid", uid),
      userCodeKey: userCode === undefined ? undefined : await this.#keyOf("userCode", userCode),
      // A grant is a member of its own family, and goes with it.
      grantId: this.#kind === "Grant" ? id : payload.grantId,
      owner: payload.accountId,
      payload: this.#kind === "DeviceCode" ? payload : withoutIds(payload),
      expiresAt: new Date(this.#now().getTime() + expiresInSeconds * 1000),
    });
  }

  async find(id: string): Promise<ArtifactPayload | undefined> {
    const artifact = await this.#grants.find(await this.#keyOf("id", id));
    if (!artifact) return undefined;
    const { payload, consumedAt } = artifact;
    if (consumedAt && await this.isShownUnused(id, consumedAt)) return { ...payload, jti: id };
    return { ...this.#payloadOf(artifact), jti: id };
  }

  async findByUid(uid: string): Promise<ArtifactPayload | undefined> {
    const artifact = await this.#grants.findByUid(await this.#keyOf("uid", uid));
    return artifact && this.#payloadOf(artifact);
  }

  async findByUserCode(userCode: string): Promise<ArtifactPayload | undefined> {
    const artifact = await this.#grants.findByUserCode(await this.#keyOf("userCode", userCode));
    return artifact && this.#payloadOf(artifact);
  }

  /**
   * Uses a code or refresh token up. oidc-provider looks whether it was used before it calls this, and
   * many may look before one calls: only the unique insert tells who was first.
   *
   * @throws `invalid_grant` for everyone but the first, after revoking all that the grant led to:
   * somebody else has the token too.
   * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 | RFC 9700, refresh token protection}
   */
  async consume(id: string): Promise<void> {
    const key = await this.#keyOf("id", id);
    const artifact = await this.#grants.find(key);
    if (!artifact) throw new errors.InvalidGrant("it is gone");
    const at = this.#now();
    const rememberUntil = new Date(artifact.expiresAt.getTime() + rememberedBeyondMs);
    if (await this.#grants.consumeOnce(key, rememberUntil, at)) return await this.onConsumed(id);
    const late = await this.#grants.find(key);
    if (late?.consumedAt && await this.mayComeLate(id, late.consumedAt)) return;
    if (artifact.grantId !== undefined) await this.#grants.revokeGrant(artifact.grantId);
    throw new errors.InvalidGrant("it was used before");
  }

  /** Called for the one who has used an artifact up. */
  protected onConsumed(_id: string): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Whether somebody who was not the first may go on as if.
   *
   * @throws when they may not, and it is no sign that the artifact was stolen.
   */
  protected mayComeLate(_id: string, _consumedAt: Date): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** Whether the library need not know that the artifact is used up. */
  protected isShownUnused(_id: string, _consumedAt: Date): Promise<boolean> {
    return Promise.resolve(false);
  }

  /**
   * Remembers that a proof was shown. The library has looked whether it was shown before; of many that look
   * at once, only the unique insert tells who was first.
   */
  async #usedOnce(id: string, expiresInSeconds: number): Promise<void> {
    const rememberMs = expiresInSeconds * 1000 + rememberedBeyondMs;
    const at = this.#now();
    const until = new Date(at.getTime() + rememberMs);
    if (await this.#grants.consumeOnce(await this.#keyOf("id", id), until, at)) return;
    throw new errors.InvalidDpopProof("it was shown before");
  }

  async destroy(id: string): Promise<void> {
    await this.#grants.destroy(await this.#keyOf("id", id));
  }

  /** Called once for each kind, and thorough at the first call: a family goes as a whole. */
  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#grants.revokeGrant(grantId);
  }

  #payloadOf({ payload, consumedAt }: FoundArtifact): ArtifactPayload {
    return consumedAt ? { ...payload, consumed: true } : { ...payload };
  }

  #keyOf(name: string, value: string): Promise<string> {
    return artifactKey(this.#kind, name, value);
  }
}

/** Refresh tokens may be shown again for a moment: see {@linkcode RefreshGrace}. */
class RefreshTokenAdapter extends GrantStoreAdapter {
  readonly #grace: RefreshGrace;

  constructor(
    kind: string,
    { grace, ...options }: AdapterOptions & { readonly grace: RefreshGrace },
  ) {
    super(kind, options);
    this.#grace = grace;
  }

  /** The library would take one that is used up for stolen. */
  protected override async isShownUnused(id: string, consumedAt: Date): Promise<boolean> {
    return refreshTurn.getStore() !== undefined && await this.#grace.isOpen(id, consumedAt);
  }

  protected override async onConsumed(id: string): Promise<void> {
    await this.#grace.endBefore(id);
  }

  protected override async mayComeLate(id: string, consumedAt: Date): Promise<boolean> {
    const turn = refreshTurn.getStore();
    if (!turn || !await this.#grace.isOpen(id, consumedAt)) return false;
    if (await this.#grace.mayStepIn(id, consumedAt)) return true;
    turn.isLate = true;
    throw new errors.InvalidGrant("it is being used, or was a moment ago");
  }
}

/**
 * A device asks again and again, and may do so twice at once: that shows no theft, and takes nothing away
 * from the one who was first.
 */
class DeviceCodeAdapter extends GrantStoreAdapter {
  protected override isShownUnused(): Promise<boolean> {
    return Promise.resolve(true);
  }

  protected override mayComeLate(): Promise<boolean> {
    return Promise.reject(new errors.InvalidGrant("it was used before"));
  }
}

function lifeSecondsOf(kind: string): number {
  return clientKinds.includes(kind) ? lifeSecondsOfClients : lifeSecondsDefault;
}

/** `jti` is the artifact's own id, `session.cookie` the id of the browser session that it began in. */
function withoutIds({ jti: _jti, session, ...payload }: ArtifactPayload): ArtifactPayload {
  if (session === undefined) return payload;
  const { cookie: _cookie, ...rest } = session;
  return { ...payload, session: rest };
}
