import { strictObject } from "./strict_json.ts";

/** Longer ones are refused unread. */
export const tokenLengthMax = 8192;

/** A signed JWT in its parts. Nothing of it is believed yet: its signature was not looked at. */
export interface CompactToken {
  readonly alg: string;
  readonly kid: unknown;
  readonly typ: unknown;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the signature is of. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Three parts, each of the one alphabet, and nothing before, between or after them. */
const threeParts = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

/** By these a token would bring its own key, or say where we should go for it. */
const keyBringers = ["jwk", "jku", "x5c", "x5u"];

/**
 * Takes a signed JWT apart, or gives undefined for what is none, or none that a careful reader takes: with
 * parts in a sloppy base64url, members named twice, a key of its own, extensions that must be understood, or
 * a payload that is not encoded. An unsigned token has no third part, so it is none either.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-5.2 | RFC 7515, message signature validation}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8725 | RFC 8725, best current practices}
 */
export function readCompactToken(text: string): CompactToken | undefined {
  return readToken(text, keyBringers);
}

/** A proof of possession: the one token that brings its own key, which is then what it proves to have. */
export interface ProofToken extends CompactToken {
  readonly jwk: Readonly<Record<string, unknown>>;
}

/** As {@linkcode readCompactToken}, for a proof of possession. */
export function readProofToken(text: string): ProofToken | undefined {
  const read = readToken(text, keyBringers.filter((name) => name !== "jwk"));
  const jwk = read?.header["jwk"];
  if (!read || typeof jwk !== "object" || jwk === null || Array.isArray(jwk)) return undefined;
  return { ...read, jwk: jwk as Readonly<Record<string, unknown>> };
}

function readToken(text: string, unwanted: readonly string[]): CompactToken | undefined {
  if (text.length > tokenLengthMax) return undefined;
  const parts = threeParts.exec(text);
  if (!parts) return undefined;
  const header = objectIn(parts[1]!);
  if (!header || !isPlain(header, unwanted)) return undefined;
  const claims = objectIn(parts[2]!);
  const signature = bytesIn(parts[3]!);
  if (!claims || !signature) return undefined;
  const { alg, kid, typ } = header;
  if (typeof alg !== "string") return undefined;
  const signed = new TextEncoder().encode(text.slice(0, text.lastIndexOf(".")));
  return { alg, kid, typ, header, claims, signed, signature };
}

/** We know no extension, so that whatever is critical is unknown to us. */
function isPlain(
  header: Readonly<Record<string, unknown>>,
  unwanted: readonly string[],
): boolean {
  return !Object.hasOwn(header, "crit") &&
    (!Object.hasOwn(header, "b64") || header.b64 === true) &&
    !unwanted.some((name) => Object.hasOwn(header, name));
}

function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = bytesIn(part);
  return bytes && strictObject(bytes);
}

/** Undefined unless `part` is the one way in which these bytes are written. */
function bytesIn(part: string): Uint8Array | undefined {
  try {
    const padding = "=".repeat((4 - part.length % 4) % 4);
    return Uint8Array.fromBase64(part + padding, {
      alphabet: "base64url",
      lastChunkHandling: "strict",
    });
  } catch {
    return undefined;
  }
}
