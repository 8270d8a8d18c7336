import { equal, ok } from "node:assert/strict";
import { createAuthority, issueLeaf } from "certs/issue";
import { eventually } from "../fixtures/eventually.ts";
import { openTestPlatform, type TestPlatform } from "../fixtures/platform.ts";

/** A machine client that is known by a name in its certificate, of a CA that operators have registered. */
const client = {
  "client_id": "partner",
  "token_endpoint_auth_method": "tls_client_auth",
  "tls_client_auth_san_uri": "spiffe://sallyport/partner",
  "tls_client_certificate_bound_access_tokens": true,
  "grant_types": ["client_credentials"],
  roles: ["payment"],
};

/** Clients as auth has them, and ours. @returns by which variable auth finds them. */
async function withClient(dir: string) {
  const clients = JSON.parse(await Deno.readTextFile(`${dir}/keys/clients.json`));
  const path = `${dir}/data/auth/clients.json`;
  await Deno.writeTextFile(path, JSON.stringify([...clients, client]));
  return { auth: { OIDC_CLIENTS_FILE: path } };
}

/** `fetch` of somebody who shows a certificate. */
async function holderOf(
  { dir }: TestPlatform,
  authority: Parameters<typeof issueLeaf>[0],
  program: string,
): Promise<Disposable & { ask(url: string, init?: RequestInit): Promise<Response> }> {
  const { cert, key } = await issueLeaf(authority, { program });
  const caCerts = [await Deno.readTextFile(`${dir}/tls/ca.pem`)];
  const http = Deno.createHttpClient({ cert, key, caCerts });
  return {
    ask: (url, init = {}) => fetch(url, { ...init, client: http }),
    [Symbol.dispose]: () => http.close(),
  };
}

/** Has the edge for mutual TLS take certificates of a CA: some route must ask for them. */
async function register(adminUrl: string, cert: string): Promise<void> {
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${adminUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    equal(answer.status, 201, JSON.stringify(said));
    return said;
  };
  const { id } = await post("/ca_certificates", { cert });
  const config = { "ca_certificates": [id] };
  await post("/routes/list-users/plugins", { name: "mtls-auth", config });
}

Deno.test("a token that is bound to a certificate is good with that certificate alone, at the edge for it", async () => {
  await using platform = await openTestPlatform({
    prepare: () => Promise.resolve(),
    startStores: withClient,
  });
  const { ports, edge, credentials } = platform;
  const { authority, pem } = await createAuthority({ now: new Date() });
  await register(credentials.adminUrl, pem.cert);
  using partner = await holderOf(platform, authority, "partner");
  using other = await holderOf(platform, authority, "other");
  const at = (path: string) => `https://localhost:${ports.gatewayMtls}${path}`;
  const form = () => ({
    method: "POST",
    body: new URLSearchParams({ "grant_type": "client_credentials", "client_id": "partner" }),
  });

  const token = await eventually("the partner gets a token by its certificate", async () => {
    const answer = await partner.ask(at("/oidc/token"), form()).catch(() => undefined);
    const body = await answer?.json();
    return body?.access_token as string | undefined;
  });
  const impostor = await other.ask(at("/oidc/token"), form());
  equal(impostor.status, 401);
  await impostor.body?.cancel();
  const bare = await edge.fetch("/oidc/token", form());
  equal(bare.status, 401);
  await bare.body?.cancel();

  const headers = { authorization: `Bearer ${token}` };
  const own = await partner.ask(at("/payments"), { headers });
  equal(own.status, 200);
  ok(Array.isArray((await own.json()).items));
  const stolen = await other.ask(at("/payments"), { headers });
  equal(stolen.status, 401, "another's certificate");
  await stolen.body?.cancel();
  const { cert } = await issueLeaf(authority, { program: "partner" });
  const claimed = cert.replaceAll(/-----[^-]+-----|\s/g, "");
  for (const claim of [{}, { "client-cert": `:${claimed}:` }]) {
    const without = await edge.fetch("/payments", { headers: { ...headers, ...claim } });
    equal(without.status, 401, "no certificate, whatever is claimed");
    await without.body?.cancel();
  }
});
