/**
 * Makes payment's table in DynamoDB, or finds that it is there as it must be. Reads the variables that
 * payment reads: PAYMENT_DYNAMODB_*, TLS_*, and the AWS SDK's own.
 */
import { createDynamodbTable } from "@services/payment/adapters/dynamodb";
import { readDynamodb } from "@services/payment/dynamodb-config";
import { ConfigError, configError, parseEnv, tlsVariables } from "platform/config";
import { createLogger } from "platform/telemetry";
import { openTlsIdentity } from "platform/tls";

const log = createLogger({ service: "tables" });

async function makeTables(): Promise<void> {
  const get = (name: string) => Deno.env.get(name);
  const config = readDynamodb(get);
  if (!config) throw configError(["PAYMENT_DYNAMODB_ENDPOINT: Needed to make a table"]);
  const tls = parseEnv(tlsVariables, get);
  const files = {
    certFile: tls.TLS_CERT_FILE,
    keyFile: tls.TLS_KEY_FILE,
    caFile: tls.TLS_CA_FILE,
    revokedFile: tls.TLS_REVOKED_FILE,
  };
  await using identity = await openTlsIdentity(files, { log });
  for (const done of await createDynamodbTable(config, identity)) log.info(done);
}

try {
  await makeTables();
} catch (thrown) {
  if (thrown instanceof ConfigError) log.error(thrown.message);
  else log.failure("Cannot make tables", thrown);
  Deno.exit(1);
}
