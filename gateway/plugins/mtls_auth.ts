import { X509Certificate } from "node:crypto";
import { z } from "zod";
import type { ConsumerDirectory } from "../consumer_directory.ts";
import { Id } from "../entities/fields.ts";
import type { Consumer, State } from "../entities/state.ts";
import type { ClientCertificate, Exchange } from "../exchange.ts";
import { identify, setHeaders } from "../identify.ts";
import { IssuerSet } from "../issuer_set.ts";
import { definePlugin } from "../plugin.ts";
import type { Fault } from "../yaml_faults.ts";
import { admitAnonymous, Anonymous, anonymousFaults, isKnown } from "./anonymous.ts";

/** Bounds how old what is remembered may be. Nothing older than the configuration is remembered here. */
const AgeMax = z.number().min(0);
const NoProxy = z.never("value must be null: nobody is asked about certificates").nullable()
  .default(null);

const config = z.strictObject({
  /** Who signs the certificates: none that another has signed counts, whoever vouches for that one. */
  ca_certificates: z.array(Id).min(1),
  /** Whether one of these that is no root, and whose root is not among them, is enough. */
  allow_partial_chain: z.boolean().default(false),
  skip_consumer_lookup: z.boolean().default(false),
  consumer_by: z.array(z.enum(["username", "custom_id"])).min(1).default(["username", "custom_id"]),
  /** With `skip_consumer_lookup`, what `acl` takes for the caller's group. */
  authenticated_group_by: z.literal("CN").default("CN"),
  /** Who a good certificate stands for that is no consumer's; by id or username. */
  default_consumer: Anonymous,
  anonymous: Anonymous,
  /** CAs are not asked, so not STRICT. The platform's denylist is always at hand, and always holds. */
  revocation_check_mode: z.enum(["SKIP", "IGNORE_CA_ERROR"]).default("IGNORE_CA_ERROR"),
  /** The CAs' names are always sent with the request for a certificate, as TLS 1.3 would have it. */
  send_ca_dn: z.boolean().default(false),
  cache_ttl: AgeMax.default(60),
  cert_cache_ttl: AgeMax.default(60_000),
  http_timeout: AgeMax.default(30_000),
  http_proxy_host: NoProxy,
  http_proxy_port: NoProxy,
});

type Config = z.output<typeof config>;

/**
 * Plugin `mtls-auth`: demands a client certificate of one of the named CAs. Only the mutual-TLS edge asks
 * for certificates, and lets in none that is expired, revoked, or not for clients. A good certificate that is
 * no consumer's is enough: its holder is nobody in particular. The service is sent the certificate.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9440 | RFC 9440, Client-Cert}
 */
export const mtlsAuth = definePlugin({
  name: "mtls-auth",
  isForEveryConsumer: true,
  config,
  check: (config, state) => [
    ...authorityFaults(config, state),
    ...anonymousFaults(config, state),
    ...anonymousFaults({ anonymous: config.default_consumer }, state)
      .map(({ message }) => ({ path: ["default_consumer"], message })),
  ],
  create(config, { directory, state }) {
    const issuers = new IssuerSet(authoritiesOf(config, state), {
      allowsPartialChain: config.allow_partial_chain,
    });
    return {
      access(exchange) {
        if (config.anonymous !== null && isKnown(exchange)) return;
        const certificate = exchange.clientCertificate;
        if (!certificate) {
          if (admitAnonymous(exchange, { anonymous: config.anonymous, directory })) return;
          return refusal("No required TLS certificate was sent");
        }
        if (!issuers.vouchFor(certificate, Date.now())) {
          return refusal("TLS certificate failed verification");
        }
        admit(exchange, { certificate, config, directory });
      },
    };
  },
});

/** Kong's own answer, unlike all others here: it is what clients of certificates look for. */
function refusal(message: string): Response {
  return Response.json({ message }, { status: 401 });
}

function admit(
  exchange: Exchange,
  { certificate, config, directory }: {
    readonly certificate: ClientCertificate;
    readonly config: Config;
    readonly directory: ConsumerDirectory;
  },
): void {
  const { commonName, thumbprint: id } = certificate;
  exchange.edits.push((outgoing) =>
    setHeaders(outgoing, { "client-cert": `:${base64(certificate.der)}:` })
  );
  exchange.credential = { id };
  const consumer = consumerOf(certificate, config, directory);
  if (consumer) identify(exchange, { consumer, credential: { id, identifier: id } });
  else if (config.skip_consumer_lookup && commonName !== undefined) {
    exchange.groups = new Set([commonName]);
  }
}

/** Names are tried in the certificate's order, and each by all fields before the next. */
function consumerOf(
  { holderNames }: ClientCertificate,
  { skip_consumer_lookup: isSkipped, consumer_by: fields, default_consumer: other }: Config,
  directory: ConsumerDirectory,
): Consumer | undefined {
  if (isSkipped) return undefined;
  for (const name of holderNames) {
    for (const field of fields) {
      const found = field === "username" ? directory.byUsername(name) : directory.byCustomId(name);
      if (found) return found;
    }
  }
  return other === null ? undefined : directory.named(other);
}

function authoritiesOf({ ca_certificates: ids }: Config, state: State): X509Certificate[] {
  return ids.flatMap((id) => {
    const registered = state.ca_certificates.get(id);
    return registered ? new X509Certificate(registered.cert) : [];
  });
}

function authorityFaults({ ca_certificates: ids }: Config, state: State): Fault[] {
  return ids.flatMap((id, at): Fault[] => {
    if (state.ca_certificates.has(id)) return [];
    return [{ path: ["ca_certificates", at], message: `CA Certificate '${id}' does not exist` }];
  });
}

function base64(bytes: Uint8Array): string {
  return new Uint8Array(bytes).toBase64();
}
