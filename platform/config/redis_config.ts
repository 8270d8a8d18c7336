import { z } from "zod";
import type { RedisConfig } from "platform/redis";
import { configError, parseEnv, readAll, variablesOf } from "./env.ts";
import { Secret } from "./secret.ts";
import { readStoreCa } from "./store_ca.ts";
import { programVariables } from "./variables.ts";

const redisVariables = {
  /** Over TLS only: `rediss://[user:password@]host[:port][/database]`. */
  REDIS_URL: z.url({ protocol: /^rediss$/, error: "Must be a URL that begins with rediss://" })
    .optional(),
  /** PEM file of who vouches for the server. The word `system` means the runtime's own roots. */
  REDIS_CA_FILE: z.string().optional(),
};

/**
 * Where Redis is; undefined when what it does is done in the process. To be asked beside the other readers
 * of a configuration.
 *
 * @throws {ConfigError} naming the variables that are wrong, or `REDIS_URL` when production has none.
 */
export function readRedisConfig(
  get: (name: string) => string | undefined,
): RedisConfig | undefined {
  const { given: { REDIS_URL: url }, ca } = readAll({
    given: () => parseEnv(redisVariables, get),
    ca: () => readStoreCa("REDIS_CA_FILE", get),
  });
  if (url === undefined) {
    const { SALLYPORT_ENV: stage } = variablesOf(programVariables, ["SALLYPORT_ENV"], get);
    if (stage !== "production") return undefined;
    throw configError(["REDIS_URL: Needed in production"]);
  }
  return { url: new Secret(url), ca };
}
