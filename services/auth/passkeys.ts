import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { type Account, factorsOf, type Passkey } from "./domain/mod.ts";
import {
  decodeBase64Url,
  parseAssertion,
  parseRegistration,
  passkeyRefused,
  textOf,
} from "./passkey_answers.ts";
import { challengeMs, PasskeyChallenges } from "./passkey_challenges.ts";
import type { GrantStore, UserStore } from "./ports.ts";

/** EdDSA, ES256 and RS256: Windows Hello has only the last one. */
const algorithms = [-8, -7, -257];
const rpName = "Sallyport";
const base64url = { alphabet: "base64url", omitPadding: true } as const;

export interface PasskeysDependencies {
  /** Its origin is where passkeys are good, and its host what they belong to. */
  readonly issuer: string;
  readonly users: UserStore;
  readonly grants: GrantStore;
  readonly now: () => Date;
}

/** That somebody has signed with a passkey of the account. */
export interface PasskeyProof {
  readonly account: Account;
  /** To be taken down by {@linkcode usedPasskey}, which may refuse it. */
  readonly used: Pick<Passkey, "id" | "counter" | "isBackedUp">;
  /** It stays in one device. */
  readonly isDeviceBound: boolean;
  /** The device knew its owner, by PIN or finger: it stands for two factors. */
  readonly isUserVerified: boolean;
}

/**
 * Makes and checks passkeys.
 *
 * @see {@link https://www.w3.org/TR/webauthn-3/ | Web Authentication, Level 3}
 */
export class Passkeys {
  readonly #dependencies: PasskeysDependencies;
  readonly #challenges: PasskeyChallenges;
  readonly #origin: string;
  readonly #rpId: string;

  constructor(dependencies: PasskeysDependencies) {
    const { issuer, grants, now } = dependencies;
    this.#dependencies = dependencies;
    this.#challenges = new PasskeyChallenges(grants, now);
    const { origin, hostname } = new URL(issuer);
    this.#origin = origin;
    this.#rpId = hostname;
  }

  /** What a browser makes a passkey by. @param session in which it is to be added. */
  async creationOptions(
    account: Account,
    session: string,
  ): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { id: owner, email, name, factors } = account;
    const purpose = creationIn(session, owner);
    return await generateRegistrationOptions({
      rpName,
      rpID: this.#rpId,
      userID: new TextEncoder().encode(owner),
      userName: email,
      userDisplayName: name,
      challenge: decodeBase64Url(await this.#challenges.make({ purpose, owner })),
      timeout: challengeMs,
      attestationType: "none",
      excludeCredentials: descriptorsOf(factors?.passkeys ?? []),
      authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
      supportedAlgorithmIDs: algorithms,
    });
  }

  /**
   * The passkey that a browser has made for the account in the session. Does not keep it.
   *
   * @param json the browser's answer to {@linkcode creationOptions}.
   * @throws {AuthError} `passkey_refused`
   */
  async created(
    json: string,
    { account, session, name }: {
      readonly account: Account;
      readonly session: string;
      readonly name: string;
    },
  ): Promise<Passkey> {
    const { challenge, response } = parseRegistration(json);
    await this.#redeem(challenge, creationIn(session, account.id));
    const { verified, registrationInfo: made } = await refusing(() =>
      verifyRegistrationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: this.#origin,
        expectedRPID: this.#rpId,
        requireUserVerification: false,
        supportedAlgorithmIDs: algorithms,
      })
    );
    if (!verified) throw passkeyRefused();
    const { id, publicKey, counter } = made.credential;
    return {
      id,
      publicKey: publicKey.toBase64(base64url),
      counter,
      transports: response.response.transports ?? [],
      isBackupEligible: made.credentialDeviceType === "multiDevice",
      isBackedUp: made.credentialBackedUp,
      name,
      createdAt: this.#dependencies.now().toISOString(),
    };
  }

  /**
   * What a browser signs in by: any passkey that it has for us, or after the password one of the account's.
   *
   * @param visit in which the answer is good.
   */
  async requestOptions(
    visit: string,
    account?: Account,
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const purpose = account ? secondStepIn(visit, account.id) : signInIn(visit);
    const challenge = await this.#challenges.make({ purpose, owner: account?.id });
    return await generateAuthenticationOptions({
      rpID: this.#rpId,
      challenge: decodeBase64Url(challenge),
      timeout: challengeMs,
      allowCredentials: account ? descriptorsOf(factorsOf(account).passkeys) : [],
      userVerification: account ? "preferred" : "required",
    });
  }

  /**
   * Whoever signs in by a passkey alone: it must have verified them, and it says who they are.
   *
   * @throws {AuthError} `passkey_refused`, whatever the reason.
   */
  async signedIn(json: string, visit: string): Promise<PasskeyProof> {
    const { challenge, response } = parseAssertion(json);
    await this.#redeem(challenge, signInIn(visit));
    const { userHandle } = response.response;
    const owner = textOf(userHandle ?? "");
    const account = await this.#dependencies.users.find(owner, { owner });
    if (account?.status !== "active") throw passkeyRefused();
    const proof = await this.#verified(response, challenge, account);
    if (!proof.isUserVerified) throw passkeyRefused();
    return proof;
  }

  /** Whoever signs after the password with a passkey of the account. @throws {AuthError} `passkey_refused` */
  async signedAfterPassword(json: string, visit: string, account: Account): Promise<PasskeyProof> {
    const { challenge, response } = parseAssertion(json);
    await this.#redeem(challenge, secondStepIn(visit, account.id));
    return await this.#verified(response, challenge, account);
  }

  async #verified(
    response: Parameters<typeof verifyAuthenticationResponse>[0]["response"],
    challenge: string,
    account: Account,
  ): Promise<PasskeyProof> {
    const passkey = factorsOf(account).passkeys.find(({ id }) => id === response.id);
    if (!passkey) throw passkeyRefused();
    const { verified, authenticationInfo: signed } = await refusing(() =>
      verifyAuthenticationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: this.#origin,
        expectedRPID: this.#rpId,
        // The counter is compared where it is kept, with no other write in between.
        credential: { id: passkey.id, publicKey: decodeBase64Url(passkey.publicKey), counter: 0 },
        requireUserVerification: false,
      })
    );
    if (!verified) throw passkeyRefused();
    return {
      account,
      used: {
        id: passkey.id,
        counter: signed.newCounter,
        isBackedUp: signed.credentialBackedUp,
      },
      isDeviceBound: signed.credentialDeviceType === "singleDevice",
      isUserVerified: signed.userVerified,
    };
  }

  async #redeem(challenge: string, purpose: string): Promise<void> {
    if (!await this.#challenges.redeem(challenge, purpose)) throw passkeyRefused();
  }
}

function creationIn(session: string, owner: string): string {
  return `passkey of ${owner} in session ${session}`;
}

function signInIn(visit: string): string {
  return `sign-in of visit ${visit}`;
}

function secondStepIn(visit: string, owner: string): string {
  return `second step of ${owner} in visit ${visit}`;
}

function descriptorsOf(
  passkeys: readonly Passkey[],
): { readonly id: string; readonly transports: string[] }[] {
  return passkeys.map(({ id, transports }) => ({ id, transports: [...transports] }));
}

/** The library has one kind of error for all that can be wrong with an answer, and asks nothing of others. */
async function refusing<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (thrown) {
    throw passkeyRefused(thrown);
  }
}
