import { deepEqual, equal, match } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type AuthorityPem, createAuthority } from "certs/authority";
import { type LeafContents, signLeaf } from "certs/leaf";
import { readPeerCertificate } from "platform/tls";
import { parseGatewayConfig } from "../gateway_config.ts";
import { fakeGateway } from "../testing/fake_gateway.ts";
import type { ClientCertificate } from "../exchange.ts";

const id = "5f1b6f7c-5a3e-4d0b-9c57-2f0d1c8e9a10";
const otherId = "5f1b6f7c-5a3e-4d0b-9c57-2f0d1c8e9a11";
const hourMs = 3_600_000;

const [ours, others] = [await createAuthority(), await createAuthority({ name: "CN=Another CA" })];

async function certificateOf(
  { authority }: Awaited<ReturnType<typeof createAuthority>>,
  contents: Partial<LeafContents> = {},
): Promise<ClientCertificate> {
  const { cert } = await signLeaf(authority, {
    subject: "CN=machine-7",
    names: [{ type: "url", value: "urn:partner:7" }],
    usages: ["1.3.6.1.5.5.7.3.2"],
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + hourMs),
    ...contents,
  });
  return readPeerCertificate(new X509Certificate(cert).raw);
}

function yamlOf(config: string, { pem = ours.pem, more = "" }: {
  readonly pem?: AuthorityPem;
  readonly more?: string;
} = {}): string {
  return `
_format_version: "3.0"
ca_certificates:
  - { id: ${id}, cert: ${JSON.stringify(pem.cert)} }
  - { id: ${otherId}, cert: ${JSON.stringify(others.pem.cert)} }
consumers:
  - { username: partner, custom_id: "urn:partner:7", acls: [{ group: gold }] }
  - { username: guest }
plugins:
  - name: mtls-auth
    config: { ca_certificates: [${id}]${config} }
${more}
services:
  - name: orders
    url: https://orders
    routes: [{ name: a, paths: [/a], tags: [public] }]
`;
}

function scene(config = "", more = "") {
  return fakeGateway({ yaml: yamlOf(config, { more }) });
}

Deno.test("mtls-auth answers as Kong does where no certificate was sent, or one of another CA", async () => {
  const { ask, sent } = scene();
  const plain = await ask("/a", { headers: { "client-cert": ":MIIB:" } });
  equal(plain.status, 401);
  match(plain.headers.get("content-type")!, /^application\/json/);
  deepEqual(await plain.json(), { message: "No required TLS certificate was sent" });
  const foreign = await ask("/a", { certificate: await certificateOf(others) });
  equal(foreign.status, 401);
  deepEqual(await foreign.json(), { message: "TLS certificate failed verification" });
  equal(sent.length, 0);
});

Deno.test("mtls-auth lets in who holds a good certificate, and sends the service that certificate", async () => {
  const certificate = await certificateOf(ours, { names: [] });
  const { ask, sent } = scene();
  equal((await ask("/a", { certificate, headers: { "client-cert": ":MIIB:" } })).status, 200);
  const { headers } = sent[0]!;
  equal(headers.get("client-cert"), `:${new Uint8Array(certificate.der).toBase64()}:`);
  equal(headers.get("x-consumer-id"), null);
});

Deno.test("mtls-auth knows a consumer by a name in the certificate, in the fields it is told", async () => {
  const told = async (config: string, contents: Partial<LeafContents> = {}) => {
    const { ask, sent } = scene(config);
    const certificate = await certificateOf(ours, contents);
    equal((await ask("/a", { certificate })).status, 200);
    return sent[0]!.headers.get("x-consumer-username");
  };
  equal(await told(""), "partner");
  equal(await told("", { names: [], subject: "CN=partner" }), "partner");
  equal(await told("", { names: [{ type: "dns", value: "partner" }] }), "partner");
  equal(await told(", consumer_by: [username]"), null);
  equal(await told(", skip_consumer_lookup: true"), null);
  equal(await told("", { names: [{ type: "dns", value: "x, URI:urn:partner:7" }] }), null);
  equal(await told("", { names: [], subject: "CN=partner, CN=machine-7" }), null);
  equal(await told(", default_consumer: guest", { names: [] }), "guest");
});

Deno.test("mtls-auth tells acl who is in which group", async () => {
  const acl = "  - { name: acl, config: { allow: [gold] } }";
  const statusOf = async (config: string, contents: Partial<LeafContents> = {}) => {
    const certificate = await certificateOf(ours, contents);
    return (await scene(config, acl).ask("/a", { certificate })).status;
  };
  equal(await statusOf(""), 200);
  equal(await statusOf("", { names: [] }), 403);
  const named = { names: [], subject: "CN=gold" };
  equal(await statusOf("", named), 403);
  equal(await statusOf(", skip_consumer_lookup: true", named), 200);
});

Deno.test("mtls-auth lets in who shows nothing as the anonymous consumer, and still refuses another CA", async () => {
  const { ask, sent } = scene(", anonymous: guest");
  equal((await ask("/a")).status, 200);
  equal(sent[0]!.headers.get("x-consumer-username"), "guest");
  equal(sent[0]!.headers.get("x-anonymous-consumer"), "true");
  equal((await ask("/a", { certificate: await certificateOf(others) })).status, 401);
});

Deno.test("mtls-auth refuses CAs that are not there, and what it cannot do", () => {
  const faultOf = (plugin: string) => {
    try {
      parseGatewayConfig(`_format_version: "3.0"\nplugins: [${plugin}]\n`, "g.yaml");
    } catch (thrown) {
      return (thrown as Error).message.split("\n")[1]?.trim().replace("g.yaml:2: plugins[0].", "");
    }
    return undefined;
  };
  const use = (config: string) => `{ name: mtls-auth, config: { ${config} } }`;
  const known = (config: string) => use(`ca_certificates: [${id}], ${config}`);
  deepEqual(
    [
      faultOf(use("ca_certificates: [ca-cert-id]")),
      faultOf(use("ca_certificates: []")),
      faultOf(use(`ca_certificates: [${id}]`)),
      faultOf(known("revocation_check_mode: STRICT")),
      faultOf(known("http_proxy_host: proxy")),
      faultOf(known("authenticated_group_by: DN")),
    ],
    [
      "config.ca_certificates[0]: expected a valid UUID",
      "config.ca_certificates: length must be at least 1",
      `config.ca_certificates[0]: CA Certificate '${id}' does not exist`,
      "config.revocation_check_mode: expected one of: SKIP, IGNORE_CA_ERROR",
      "config.http_proxy_host: value must be null: nobody is asked about certificates",
      "config.authenticated_group_by: expected one of: CN",
    ],
  );
});
