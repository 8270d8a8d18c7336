import { ensurePrivateFile, makePrivateDir, writePrivateFile } from "certs/private-file";
import { ensureCertificates } from "certs/store";
import { newSigningKeys } from "../keys/signing_key_store.ts";
import { localUrl, type Ports } from "./addresses.ts";
import { Credentials, demoPeople, demoRedirectUri } from "./credentials.ts";
import { randomText } from "./random_text.ts";

const programs = ["gateway", "auth", "payment", "orders", "psp"] as const;
const encrypting = ["auth", "payment", "orders"] as const;

/** Somebody else's client, which asks people for their consent. Nobody answers at its address. */
export const demoPartner = {
  clientId: "demo-partner",
  redirectUri: "https://partner.example/callback",
} as const;

const demoProducts = [
  { name: "Tea, 250 g", priceMinor: 1250, currency: "EUR", stock: 100_000 },
  { name: "Cup", priceMinor: 900, currency: "EUR", stock: 100_000 },
  { name: "Kettle", priceMinor: 4900, currency: "EUR", stock: 10_000 },
  { name: "Tray", priceMinor: 2300, currency: "EUR", stock: 5 },
];

/**
 * Makes what a development platform needs, all of it random, readable by its owner only. What is
 * there is kept; certificates are renewed when little of their life is left.
 */
export async function ensureDevelopmentFolder(dir: string, ports: Ports): Promise<Credentials> {
  for (const name of ["", "keys", "secrets", "logs", "mail", "data", "data/events"]) {
    await makePrivateDir(`${dir}/${name}`);
  }
  for (const program of programs) await makePrivateDir(`${dir}/data/${program}`);
  await renewCertificates(dir);
  await ensureKeys(dir);
  const credentials = await ensureCredentials(dir, ports);
  await writeAuthFiles(dir, credentials);
  await ensurePrivateFile(
    `${dir}/products.json`,
    () => JSON.stringify(demoProducts.map((product) => ({ id: crypto.randomUUID(), ...product }))),
  );
  return credentials;
}

/** Renews the certificates that have little of their life left. Programs that run take the new ones up. */
export async function renewCertificates(dir: string): Promise<void> {
  // The operator's is for whoever asks the Admin API over mutual TLS.
  await ensureCertificates(`${dir}/tls`, [...programs, "operator"], new Date());
}

async function ensureKeys(dir: string): Promise<void> {
  await ensurePrivateFile(`${dir}/keys/signing.json`, newSigningKeys);
  await ensurePrivateFile(`${dir}/keys/cookies.json`, () => JSON.stringify([randomText(32)]));
  for (const program of encrypting) {
    await ensurePrivateFile(`${dir}/keys/encryption_${program}.json`, newKeyRing);
  }
  for (const secret of ["orders_client", "payment_client", "psp_api_key", "psp_webhook"]) {
    await ensurePrivateFile(`${dir}/secrets/${secret}`, () => randomText(32));
  }
}

function newKeyRing(): string {
  const newKey = () => crypto.getRandomValues(new Uint8Array(32)).toBase64();
  return JSON.stringify({ current: "k1", keys: { k1: newKey() }, blindIndex: newKey() });
}

async function ensureCredentials(dir: string, ports: Ports): Promise<Credentials> {
  const path = `${dir}/credentials.json`;
  const edgeUrl = localUrl(ports.gateway);
  const kept = Credentials.parse(JSON.parse(
    await ensurePrivateFile(path, () => JSON.stringify(newCredentials(edgeUrl))),
  ));
  const current = {
    ...kept,
    adminUrl: `http://127.0.0.1:${ports.gatewayAdminApi}`,
    edgeUrl,
    issuer: `${edgeUrl}/oidc`,
    caFile: await Deno.realPath(`${dir}/tls/ca.pem`),
  };
  await writePrivateFile(path, JSON.stringify(current, undefined, 2));
  return current;
}

function newCredentials(edgeUrl: string): Credentials {
  return {
    edgeUrl,
    issuer: `${edgeUrl}/oidc`,
    caFile: "",
    adminUrl: "",
    users: demoPeople.map(({ email, roles }) => ({
      email,
      password: randomText(15),
      roles: [...roles],
    })),
    clients: [
      { client_id: "demo-machine", client_secret: randomText(32), roles: ["payment"] },
      {
        client_id: "sallyport-web",
        roles: [],
        redirect_uris: [`${edgeUrl}/callback`, demoRedirectUri],
      },
    ],
  };
}

/** What the auth server reads: everybody's credentials, those of our own programs included. */
async function writeAuthFiles(
  dir: string,
  { users, clients, edgeUrl }: Credentials,
): Promise<void> {
  const names = new Map<string, string>(demoPeople.map(({ email, name }) => [email, name]));
  const people = users.map((user) => ({ ...user, name: names.get(user.email) ?? user.email }));
  await writePrivateFile(`${dir}/keys/demo_users.json`, JSON.stringify({ users: people }));

  const secretOf = (name: string) => Deno.readTextFile(`${dir}/secrets/${name}_client`);
  const machine = clients.find(({ client_id }) => client_id === "demo-machine");
  const registered = [
    machineClient("orders", await secretOf("orders"), ["payment"]),
    machineClient("payment", await secretOf("payment"), ["auditor"]),
    machineClient("demo-machine", machine?.client_secret ?? "", machine?.roles ?? []),
    {
      client_id: "sallyport-web",
      client_name: "the Sallyport shop",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      redirect_uris: [`${edgeUrl}/callback`, demoRedirectUri],
      first_party: true,
    },
    {
      client_id: demoPartner.clientId,
      client_name: "Partner Demo",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [demoPartner.redirectUri],
    },
  ];
  await writePrivateFile(`${dir}/keys/clients.json`, JSON.stringify(registered));
}

function machineClient(
  id: string,
  secret: string,
  roles: readonly string[],
): Readonly<Record<string, unknown>> {
  return {
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: "client_secret_basic",
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    roles,
  };
}
