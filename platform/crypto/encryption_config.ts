import { z } from "zod";
import { configError, readAll, readFiles, Secret, variablesOf } from "platform/config";
import { keyBytes } from "./aes_gcm.ts";
import { KeyRingError, parseKeyRingFile } from "./key_ring_file.ts";
import type { KmsConfig } from "./kms_key_wrapping.ts";

/** Where AWS KMS is, in the SDK's own words. */
export const kmsVariables = {
  /** When it is set, the ring's entries are wrapped by this key of AWS KMS. */
  ENCRYPTION_KMS_KEY_ID: z.string().optional(),
  AWS_REGION: z.string().optional(),
  AWS_ENDPOINT_URL_KMS: z.url().optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
};

/** What every program reads that keeps something sealed. */
export const encryptionVariables = { ENCRYPTION_KEYS_FILE: z.string(), ...kmsVariables };
type Given = z.output<z.ZodObject<typeof encryptionVariables>>;

/** Where a program's key ring is, and what protects the keys in it. */
export interface EncryptionConfig {
  readonly file: string;
  /** Undefined when the file holds the keys themselves. */
  readonly kms: KmsConfig | undefined;
  /** Where it is remembered how often each key was used. */
  readonly usesFile: string;
}

/** @param given as {@linkcode checkEncryption} has found it right. */
export function encryptionConfigOf(given: Given, usesFile: string): EncryptionConfig {
  return { file: given.ENCRYPTION_KEYS_FILE, kms: kmsConfigOf(given), usesFile };
}

const neededByKms = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;

/**
 * To be asked beside the other readers of a configuration. Keys that KMS has wrapped are looked at when
 * they are unwrapped.
 *
 * @throws {ConfigError} naming each variable of the key ring that is missing, and its file when it is none.
 */
export function checkEncryption(
  get: (name: string) => string | undefined,
  { needsBlindIndex = false }: { readonly needsBlindIndex?: boolean } = {},
): void {
  const names = Object.keys(encryptionVariables) as (keyof Given)[];
  const given: Partial<Given> = variablesOf(encryptionVariables, names, get);
  const isPlain = given.ENCRYPTION_KMS_KEY_ID === undefined;
  readAll({
    kms: () => kmsConfigOf(given),
    file: () => checkFile(given, { isPlain, needsBlindIndex }),
  });
}

function checkFile(
  { ENCRYPTION_KEYS_FILE }: Partial<Given>,
  rules: { readonly isPlain: boolean; readonly needsBlindIndex: boolean },
): void {
  const { ENCRYPTION_KEYS_FILE: text } = readFiles({ ENCRYPTION_KEYS_FILE });
  // Undefined when the variable is missing, and then that is what is told.
  if (text === undefined) return;
  try {
    checkRing(text, rules);
  } catch (thrown) {
    if (!(thrown instanceof KeyRingError)) throw thrown;
    throw configError([`ENCRYPTION_KEYS_FILE: ${thrown.message}`]);
  }
}

function checkRing(
  text: string,
  { isPlain, needsBlindIndex }: { readonly isPlain: boolean; readonly needsBlindIndex: boolean },
): void {
  const { keys, blindIndex } = parseKeyRingFile(text);
  if (needsBlindIndex && blindIndex === undefined) {
    throw new KeyRingError("its ring has no key for blind indexes");
  }
  if (!isPlain) return;
  const entries = [...Object.values(keys), ...blindIndex === undefined ? [] : [blindIndex]];
  if (entries.some((entry) => Uint8Array.fromBase64(entry).byteLength !== keyBytes)) {
    throw new KeyRingError(`each key of its ring must have ${keyBytes} bytes`);
  }
}

/**
 * Undefined when the ring holds the keys themselves.
 *
 * @throws {ConfigError} naming what is missing when KMS is to be asked.
 */
export function kmsConfigOf(
  given: Partial<z.output<z.ZodObject<typeof kmsVariables>>>,
): KmsConfig | undefined {
  const { ENCRYPTION_KMS_KEY_ID: keyId, AWS_REGION: region } = given;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = given;
  if (keyId === undefined) return undefined;
  if (!region || !accessKeyId || !secretAccessKey) {
    const missing = neededByKms.filter((name) => !given[name]);
    throw configError(missing.map((name) => `${name}: Needed when ENCRYPTION_KMS_KEY_ID is set`));
  }
  return {
    keyId,
    region,
    endpoint: given.AWS_ENDPOINT_URL_KMS,
    credentials: {
      accessKeyId,
      secretAccessKey: new Secret(secretAccessKey),
      sessionToken: given.AWS_SESSION_TOKEN ? new Secret(given.AWS_SESSION_TOKEN) : undefined,
    },
  };
}
