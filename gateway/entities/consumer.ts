import { z } from "zod";
import type { Kind } from "./kind.ts";
import { optional, Reference, Tags } from "./fields.ts";

const Key = z.string().min(1).max(512);

const fields = z.strictObject({
  username: optional(z.string().min(1).max(255)),
  custom_id: optional(z.string().min(1).max(255)),
  tags: optional(Tags),
}).superRefine(({ username, custom_id: customId }, context) => {
  if (username ?? customId) return;
  const message = "at least one of these fields must be non-empty: 'custom_id', 'username'";
  context.addIssue({ code: "custom", path: [], message });
});

export type ConsumerFields = z.output<typeof fields>;

/** Who calls, as the gateway knows callers that no OpenID issuer speaks for. */
export const consumers: Kind<ConsumerFields> = {
  collection: "consumers",
  singular: "consumer",
  fields,
  parents: {},
  keys: ["username", "custom_id"],
  nested: ["jwt_secrets", "keyauth_credentials", "acls", "plugins"],
};

const ofConsumer = { consumer: { collection: "consumers", onRemoval: "remove" } } as const;

const symmetric = ["HS256", "HS384", "HS512"] as const;
const asymmetric = [
  "RS256",
  "RS384",
  "RS512",
  "ES256",
  "ES384",
  "ES512",
  "PS256",
  "PS384",
  "PS512",
  "EdDSA",
] as const;

const jwtFields = z.strictObject({
  consumer: Reference,
  /** What the token's claim `key_claim_name` must be. */
  key: Key,
  secret: optional(z.string().min(1)),
  rsa_public_key: optional(z.string().regex(/^-----BEGIN (?:RSA )?PUBLIC KEY-----/, "invalid key")),
  algorithm: z.enum([...symmetric, ...asymmetric]).default("HS256"),
  tags: optional(Tags),
}).superRefine(({ algorithm, rsa_public_key: publicKey }, context) => {
  if (isSymmetric(algorithm) || publicKey) return;
  context.addIssue({ code: "custom", path: ["rsa_public_key"], message: "required field missing" });
});

export type JwtSecretFields = z.output<typeof jwtFields>;

/** A consumer's own key for tokens that it makes itself. */
export const jwtSecrets: Kind<JwtSecretFields> = {
  collection: "jwt_secrets",
  singular: "jwt_secret",
  fields: jwtFields,
  parents: ofConsumer,
  keys: ["key"],
  nested: [],
  under: { parent: "consumer", segment: "jwt", collectionPath: "jwts" },
  prepare: (given, { newSecret }) => ({
    ...given,
    key: given.key ?? newSecret(),
    ...isSymmetric(given.algorithm ?? "HS256") && { secret: given.secret ?? newSecret() },
  }),
};

function isSymmetric(algorithm: unknown): boolean {
  return symmetric.some((name) => name === algorithm);
}

const keyAuthFields = z.strictObject({
  consumer: Reference,
  key: Key,
  ttl: optional(z.int().min(0).max(100_000_000)),
  tags: optional(Tags),
});

export type KeyAuthFields = z.output<typeof keyAuthFields>;

/** A consumer's API key. */
export const keyAuthCredentials: Kind<KeyAuthFields> = {
  collection: "keyauth_credentials",
  singular: "keyauth_credential",
  fields: keyAuthFields,
  parents: ofConsumer,
  keys: ["key"],
  nested: [],
  under: { parent: "consumer", segment: "key-auth", collectionPath: "key-auths" },
  prepare: (given, { newSecret }) => ({ ...given, key: given.key ?? newSecret() }),
};

const aclFields = z.strictObject({
  consumer: Reference,
  group: z.string().min(1).max(255),
  tags: optional(Tags),
});

export type AclFields = z.output<typeof aclFields>;

/** A group that a consumer is in. */
export const acls: Kind<AclFields> = {
  collection: "acls",
  singular: "acl",
  fields: aclFields,
  parents: ofConsumer,
  keys: [],
  keyWithinParent: "group",
  together: [["consumer", "group"]],
  nested: [],
  under: { parent: "consumer", segment: "acls", collectionPath: "acls" },
};
