import { z } from "zod";
import { configError, parseEnv, readAll, readStoreCa } from "platform/config";
import type { DynamodbConfig } from "./adapters/mod.ts";

/** Credentials are not among them: the AWS SDK reads its own variables, and renews what has to be renewed. */
export const dynamodbVariables = {
  PAYMENT_DYNAMODB_ENDPOINT: z.url({ protocol: /^https$/ }).optional(),
  PAYMENT_DYNAMODB_TABLE: z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/).default("sallyport-payment"),
  /** Who vouches for the server: a path, or `system` for the runtime's roots. Unset: who vouches for us. */
  PAYMENT_DYNAMODB_CA_FILE: z.string().optional(),
  AWS_REGION: z.string().regex(/^[a-z0-9-]{1,64}$/).optional(),
};

/**
 * Where payment's table is, or undefined when no endpoint is named. To be asked beside the other readers
 * of a configuration.
 *
 * @throws {ConfigError} naming every variable that is missing or wrong.
 */
export function readDynamodb(
  get: (name: string) => string | undefined,
): DynamodbConfig | undefined {
  if (!get("PAYMENT_DYNAMODB_ENDPOINT")) return undefined;
  const { given, ca } = readAll({
    given: () => parseEnv(dynamodbVariables, get),
    ca: () => readStoreCa("PAYMENT_DYNAMODB_CA_FILE", get),
  });
  const { PAYMENT_DYNAMODB_ENDPOINT: endpoint, AWS_REGION: region } = given;
  if (endpoint === undefined) return undefined;
  if (region === undefined) {
    throw configError(["AWS_REGION: Needed with PAYMENT_DYNAMODB_ENDPOINT"]);
  }
  return { endpoint, region, table: given.PAYMENT_DYNAMODB_TABLE, ca };
}
