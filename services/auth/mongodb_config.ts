import { z } from "zod";
import { Secret } from "platform/config";

export interface MongodbStoresConfig {
  readonly kind: "mongodb";
  readonly url: Secret;
  /** PEM of who vouches for the server, `system` for the runtime's roots; undefined: who vouches for us. */
  readonly ca: string | undefined;
}

/** What a URL says of TLS besides that there is some would weaken it, or name other files than we do. */
const tlsOptions = /^(tls|ssl)/i;

const MongodbUrl = z.string().refine(
  (url) => parse(url) !== undefined,
  "Not a MongoDB URL with the database as its path",
).refine(
  (url) => parse(url)?.isEncrypted ?? true,
  "Needs tls=true, and nothing else that concerns TLS",
).transform((url) => new Secret(url));

export const mongodbVariables = {
  AUTH_MONGODB_URL: MongodbUrl.optional(),
  /** PEM file of who vouches for the server. The word `system` means the runtime's own roots. */
  AUTH_MONGODB_CA_FILE: z.string().optional(),
};

/** It may name several hosts, and then it is no URL to anyone but MongoDB. */
function parse(url: string): { readonly isEncrypted: boolean } | undefined {
  const parts = /^mongodb(?<srv>\+srv)?:\/\/[^/?]+\/[^/?]+(\?(?<query>.*))?$/.exec(url)?.groups;
  if (!parts) return undefined;
  const options = [...new URLSearchParams(parts["query"] ?? "")]
    .filter(([name]) => tlsOptions.test(name));
  const isOn = options.every(([name, value]) => name.toLowerCase() === "tls" && value === "true");
  return { isEncrypted: isOn && (options.length === 1 || parts["srv"] !== undefined) };
}
