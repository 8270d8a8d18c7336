import { audience } from "./auth_server.ts";

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

/** A key with ES256 and its browser, as far as servers see them: without attestation. */
export class Authenticator {
  readonly id: string;
  readonly #key: CryptoKeyPair;
  readonly #isSynced: boolean;
  #userHandle = "";
  counter = 0;

  private constructor(key: CryptoKeyPair, isSynced: boolean) {
    this.id = crypto.getRandomValues(new Uint8Array(16)).toBase64(base64url);
    this.#key = key;
    this.#isSynced = isSynced;
  }

  static async make({ isSynced = false } = {}): Promise<Authenticator> {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    return new Authenticator(key as CryptoKeyPair, isSynced);
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
      await this.#coseKey(),
    );
    const attestationObject = concat(
      Uint8Array.of(0xa3),
      text("fmt"),
      text("none"),
      text("attStmt"),
      Uint8Array.of(0xa0),
      text("authData"),
      Uint8Array.of(0x58, authData.length),
      authData,
    );
    return this.#json({
      clientDataJSON: clientData.toBase64(base64url),
      attestationObject: attestationObject.toBase64(base64url),
      transports: ["internal"],
    });
  }

  /** @returns what `navigator.credentials.get()` would, in JSON. */
  async get(options: Options, lies: Lies = {}): Promise<string> {
    this.counter++;
    const clientData = this.#clientData("webauthn.get", options, lies);
    const authenticatorData = await this.#authenticatorData(0, lies);
    const signature = await this.#sign(concat(authenticatorData, await sha256(clientData)));
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

  /** COSE, EC2, ES256. */
  async #coseKey(): Promise<Uint8Array<ArrayBuffer>> {
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", this.#key.publicKey));
    const head = Uint8Array.of(0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20);
    return concat(head, raw.slice(1, 33), Uint8Array.of(0x22, 0x58, 0x20), raw.slice(33));
  }

  async #sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    const raw = await crypto.subtle.sign(algorithm, this.#key.privateKey, data);
    const [r, s] = [new Uint8Array(raw, 0, 32), new Uint8Array(raw, 32)].map(derInteger);
    return concat(Uint8Array.of(0x30, r!.length + s!.length), r!, s!);
  }

  #json(response: Readonly<Record<string, unknown>>): string {
    const { id } = this;
    return JSON.stringify({ id, rawId: id, type: "public-key", response });
  }
}

/** A text of less than 24 bytes, in CBOR. */
function text(value: string): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(0x60 + value.length), encoder.encode(value));
}

function derInteger(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.slice(first === -1 ? bytes.length - 1 : first);
  const padded = digits[0]! >= 0x80 ? concat(Uint8Array.of(0), digits) : digits;
  return concat(Uint8Array.of(0x02, padded.length), padded);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
