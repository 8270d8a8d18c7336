/** A kind of key that authenticators have. */
export type KeyAlgorithm = "ES256" | "EdDSA" | "RS256";

type Bytes = Uint8Array<ArrayBuffer>;

/** A key, as authenticators show it and sign with it. */
export interface CoseKey {
  /** COSE_Key in CBOR. @see {@link https://www.rfc-editor.org/rfc/rfc9053#section-7 | RFC 9053} */
  readonly publicKey: Bytes;
  sign(data: Bytes): Promise<Bytes>;
}

export async function makeCoseKey(algorithm: KeyAlgorithm): Promise<CoseKey> {
  if (algorithm === "ES256") return await makeEs256();
  if (algorithm === "EdDSA") return await makeEdDsa();
  return await makeRs256();
}

async function makeEs256(): Promise<CoseKey> {
  const { privateKey, raw } = await makeKey({ name: "ECDSA", namedCurve: "P-256" });
  const head = Uint8Array.of(0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21);
  const [x, y] = [raw.slice(1, 33), raw.slice(33)];
  return {
    publicKey: concat(head, bytes(x), Uint8Array.of(0x22), bytes(y)),
    async sign(data) {
      const algorithm = { name: "ECDSA", hash: "SHA-256" };
      const signature = await crypto.subtle.sign(algorithm, privateKey, data);
      const integers = [new Uint8Array(signature, 0, 32), new Uint8Array(signature, 32)];
      const sequence = concat(...integers.map(derInteger));
      return concat(Uint8Array.of(0x30, sequence.length), sequence);
    },
  };
}

async function makeEdDsa(): Promise<CoseKey> {
  const { privateKey, raw } = await makeKey({ name: "Ed25519" });
  const head = Uint8Array.of(0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21);
  return {
    publicKey: concat(head, bytes(raw)),
    sign: async (data) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, data)),
  };
}

async function makeRs256(): Promise<CoseKey> {
  const name = "RSASSA-PKCS1-v1_5";
  const publicExponent = Uint8Array.of(1, 0, 1);
  const traits = { name, modulusLength: 2048, publicExponent, hash: "SHA-256" };
  const key = await crypto.subtle.generateKey(traits, true, ["sign", "verify"]);
  const { n } = await crypto.subtle.exportKey("jwk", key.publicKey);
  const modulus = Uint8Array.fromBase64(n!, { alphabet: "base64url" });
  const head = Uint8Array.of(0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20);
  return {
    publicKey: concat(head, bytes(modulus), Uint8Array.of(0x21), bytes(publicExponent)),
    sign: async (data) => new Uint8Array(await crypto.subtle.sign(name, key.privateKey, data)),
  };
}

async function makeKey(
  traits: EcKeyGenParams | { readonly name: "Ed25519" },
): Promise<{ readonly privateKey: CryptoKey; readonly raw: Bytes }> {
  const key = await crypto.subtle.generateKey(traits, true, ["sign", "verify"]) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", key.publicKey));
  return { privateKey: key.privateKey, raw };
}

/** A text of less than 24 bytes, in CBOR. */
export function text(value: string): Bytes {
  return concat(Uint8Array.of(0x60 + value.length), new TextEncoder().encode(value));
}

/** A byte string of less than 65,536 bytes, in CBOR. */
export function bytes(value: Uint8Array): Bytes {
  const { length } = value;
  const head = length < 24
    ? [0x40 + length]
    : length < 256
    ? [0x58, length]
    : [0x59, length >> 8, length & 0xff];
  return concat(Uint8Array.from(head), value);
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function derInteger(value: Uint8Array): Bytes {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = value.slice(first === -1 ? value.length - 1 : first);
  const padded = digits[0]! >= 0x80 ? concat(Uint8Array.of(0), digits) : digits;
  return concat(Uint8Array.of(0x02, padded.length), padded);
}
