import "reflect-metadata";
import { PemConverter } from "@peculiar/x509";

/** The one kind of key and signature that this CA makes: ECDSA on P-256 with SHA-256. */
export const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

const pemLabel = "PRIVATE KEY";

export async function newKeyPair(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
}

/** The key as PKCS #8 in PEM. */
export async function privateKeyPem(key: CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), pemLabel)}\n`;
}

/** @throws when `pem` is not such a key. */
export async function parsePrivateKey(pem: string): Promise<CryptoKey> {
  const der = PemConverter.decodeFirst(pem);
  return await crypto.subtle.importKey("pkcs8", der, keyAlgorithm, false, ["sign"]);
}
