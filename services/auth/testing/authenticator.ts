import { audience } from "./auth_server.ts";
import { bytes, concat, type CoseKey, type KeyAlgorithm, makeCoseKey, text } from "./cose_keys.ts";

const base64url = { alphabet: "base64url", omitPadding: true } as const;
const encoder = new TextEncoder();

/** What of an honest authenticator, or of the browser before it, is to be otherwise. */
export interface Lies {
  readonly origin?: string;
  readonly crossOrigin?: boolean;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
  /** The device does not ask who is there. */
  readonly isUnverified?: boolean;
  readonly userHandle?: string;
  readonly counter?: number;
  /** Changes a bit of the signature. */
  readonly isForged?: boolean;
}

interface Options {
  readonly challenge: string;
}

/** A key and its browser, as far as servers see them: without attestation. */
export class Authenticator {
  readonly id: string;
  readonly #key: CoseKey;
  readonly #isSynced: boolean;
  #userHandle = "";
  counter = 0;

  private constructor(key: CoseKey, isSynced: boolean) {
    this.id = crypto.getRandomValues(new Uint8Array(16)).toBase64(base64url);
    this.#key = key;
    this.#isSynced = isSynced;
  }

  static async make(
    { isSynced = false, algorithm = "ES256" as KeyAlgorithm } = {},
  ): Promise<Authenticator> {
    return new Authenticator(await makeCoseKey(algorithm), isSynced);
  }

  /** @returns what `navigator.credentials.create()` would, in JSON. */
  async create(
    options: Options & { readonly user: { readonly id: string } },
    lies: Lies = {},
  ): Promise<string> {
    this.#userHandle = options.user.id;
    const clientData = this.#clientData("webauthn.create", options, lies);
    const authData = concat(
      await this.#authenticatorData(0x40, lies),
      new Uint8Array(16),
      Uint8Array.of(0, 16),
      Uint8Array.fromBase64(this.id, { alphabet: "base64url" }),
      this.#key.publicKey,
    );
    const attestationObject = concat(
      Uint8Array.of(0xa3),
      text("fmt"),
      text("none"),
      text("attStmt"),
      Uint8Array.of(0xa0),
      text("authData"),
      bytes(authData),
    );
    return this.#json({
      clientDataJSON: clientData.toBase64(base64url),
      attestationObject: attestationObject.toBase64(base64url),
      transports: ["internal"],
    });
  }

  /** @returns what `navigator.credentials.get()` would, in JSON. */
  async get(options: Options, lies: Lies = {}): Promise<string> {
    // Keys that are in several places at once cannot count.
    if (!this.#isSynced) this.counter++;
    const clientData = this.#clientData("webauthn.get", options, lies);
    const authenticatorData = await this.#authenticatorData(0, lies);
    const signature = await this.#key.sign(concat(authenticatorData, await sha256(clientData)));
    if (lies.isForged) signature[signature.length - 1]! ^= 1;
    return this.#json({
      clientDataJSON: clientData.toBase64(base64url),
      authenticatorData: authenticatorData.toBase64(base64url),
      signature: signature.toBase64(base64url),
      userHandle: lies.userHandle === undefined
        ? this.#userHandle
        : encoder.encode(lies.userHandle).toBase64(base64url),
    });
  }

  #clientData(type: string, { challenge }: Options, lies: Lies): Uint8Array<ArrayBuffer> {
    const { origin = audience, crossOrigin = false } = lies;
    const said = { type: lies.type ?? type, challenge: lies.challenge ?? challenge };
    return encoder.encode(JSON.stringify({ ...said, origin, crossOrigin }));
  }

  async #authenticatorData(flags: number, lies: Lies): Promise<Uint8Array<ArrayBuffer>> {
    const present = 0x01;
    const verified = lies.isUnverified ? 0 : 0x04;
    const backup = this.#isSynced ? 0x18 : 0;
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, lies.counter ?? this.counter);
    const rpId = encoder.encode(lies.rpId ?? new URL(audience).hostname);
    return concat(
      await sha256(rpId),
      Uint8Array.of(present | verified | backup | flags),
      counter,
    );
  }

  #json(response: Readonly<Record<string, unknown>>): string {
    const { id } = this;
    return JSON.stringify({ id, rawId: id, type: "public-key", response });
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
