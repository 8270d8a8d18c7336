/**
 * Makes what the containers of compose.yaml hold, in a volume that nobody else sees, and gives each its
 * own: `<target>/<name>` gets the files that its program reads, and its leaf. With `--stay`, renews what
 * expires, until it is told to stop.
 */
import { parseArgs } from "node:util";
import { ensurePrivateFile } from "certs/private-file";
import { ensureCertificates } from "certs/store";
import { periodically, stopSignal } from "platform/lifecycle";
import { createLogger } from "platform/telemetry";
import {
  defaultPorts,
  ensureDevelopmentFolder,
  keycloakRealm,
  programsOf,
  randomText,
  renewCertificates,
} from "../platform/mod.ts";
import { giveFiles, giveLeaf, giveText } from "./give.ts";

const renewalCheckMs = 3_600_000;
/** Random words by the name of who gets them: `secrets/<file>`. Those of one name are the same for all. */
const secrets: Readonly<Record<string, readonly string[]>> = {
  elastic: ["elasticsearch", "logstash", "kibana", "grafana"],
  "kibana_system": ["kibana"],
  grafana: ["grafana"],
};
/** Who holds a leaf besides the platform's own programs. */
const servers = [
  ...["mongodb", "dynamodb", "postgres", "redis", "consul", "prometheus"],
  ...["keycloak", "elasticsearch", "logstash", "kibana", "grafana"],
];

const { values: { dir, target, stay } } = parseArgs({
  options: {
    dir: { type: "string", default: "/setup/all" },
    target: { type: "string", default: "/setup/for" },
    stay: { type: "boolean", default: false },
  },
});
const log = createLogger({ service: "setup", level: "info" });
const programs = programsOf({ dir, ports: defaultPorts });

async function renew(): Promise<void> {
  await renewCertificates(dir);
  await ensureCertificates(`${dir}/tls`, servers, new Date());
  for (const name of [...programs.map(({ program }) => program), ...servers]) {
    await giveLeaf(`${dir}/tls`, name, `${target}/${name}/tls`);
  }
}

if (stay) {
  await using _ = periodically({ name: "certificates", everyMs: renewalCheckMs, log }, renew);
  await stopSignal();
} else {
  const credentials = await ensureDevelopmentFolder(dir, defaultPorts);
  await renew();
  for (const { program, env } of programs) await giveFiles(dir, env, `${target}/${program}`);
  for (const [file, names] of Object.entries(secrets)) {
    const secret = await ensurePrivateFile(`${dir}/secrets/${file}`, () => randomText(32));
    for (const name of names) await giveText(secret, `${target}/${name}/secrets/${file}`);
  }
  const token = await ensurePrivateFile(`${dir}/secrets/consul_token`, () => crypto.randomUUID());
  const acl = { acl: { tokens: { master: token, agent: token } } };
  await giveText(JSON.stringify(acl), `${target}/consul/consul_token.json`);
  for (const name of ["consul", "gateway", "auth", "payment", "orders"]) {
    await giveText(token, `${target}/${name}/secrets/consul_token`);
  }
  const auth = await ensurePrivateFile(`${dir}/secrets/auth_client`, () => randomText(32));
  const [orders, payment] = await Promise.all(
    ["orders", "payment"].map((name) => Deno.readTextFile(`${dir}/secrets/${name}_client`)),
  );
  const realm = keycloakRealm({
    credentials,
    secrets: { auth, orders: orders!, payment: payment! },
  });
  await giveText(JSON.stringify(realm), `${target}/keycloak/import/realm.json`);
  await giveText(auth, `${target}/auth/secrets/auth_client`);
  log.info("Everything is in its place");
}
