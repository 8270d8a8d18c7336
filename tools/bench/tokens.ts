/**
 * What it costs to check a token: microseconds per signature for every adapter and algorithm, and per request
 * for a token that is new, seen before, forged or stale. Prints two Markdown tables.
 *
 *     deno task bench:tokens
 */
import { generateKeyPairSync, type JsonWebKey, sign } from "node:crypto";
import { cpuUsage } from "node:process";
import { createAuthenticator } from "platform/access";
import {
  openSignatureVerifier,
  RuntimeVerifier,
  type SignatureAlgorithm,
  type SignatureTraits,
  signatureTraits,
  type SignatureVerifier,
} from "platform/signatures";

const rounds = 7;
const roundMs = 100;
/** Calls between two looks at the clock. */
const batch = 16;
const algorithms: readonly SignatureAlgorithm[] = ["ES256", "ES384", "RS256", "PS256", "EdDSA"];
const issuer = "https://issuer.test";
const audience = "https://edge.test";

const encoder = new TextEncoder();
const say = (text: string) => Deno.stdout.writeSync(encoder.encode(`${text}\n`));

type Work = () => void;

/**
 * Processor time of each, in the fastest of several rounds: what others do on the machine only ever adds.
 * They take turns, so that what is compared is measured at the same time.
 */
function microsecondsOf<Name extends string>(
  works: Readonly<Record<Name, Work>>,
): Readonly<Record<Name, number>> {
  const all = Object.entries<Work>(works);
  const measured = Array.from({ length: rounds }, () => all.map(([, work]) => roundOf(work)));
  const fastest = all.map(([name], at) => [name, Math.min(...measured.map((one) => one[at]!))]);
  return Object.fromEntries(fastest) as Record<Name, number>;
}

function roundOf(work: Work): number {
  const began = cpuUsage();
  const end = performance.now() + roundMs;
  let count = 0;
  for (; performance.now() < end; count += batch) {
    for (let call = 0; call < batch; call++) work();
  }
  const { user, system } = cpuUsage(began);
  return (user + system) / count;
}

interface Signer {
  readonly alg: SignatureAlgorithm;
  readonly jwk: JsonWebKey;
  sign(data: Uint8Array): Uint8Array;
}

function aSigner(alg: SignatureAlgorithm): Signer {
  const { kty, crv, hash, isPss }: SignatureTraits = signatureTraits[alg];
  const { publicKey, privateKey: key } = kty === "RSA"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : kty === "EC"
    ? generateKeyPairSync("ec", { namedCurve: crv! })
    : generateKeyPairSync("ed25519");
  const options = isPss
    ? { key, padding: 6, saltLength: -1 }
    : { key, ...kty === "EC" && { dsaEncoding: "ieee-p1363" as const } };
  return {
    alg,
    jwk: { ...publicKey.export({ format: "jwk" }), kid: alg },
    sign: (data) => new Uint8Array(sign(hash ?? null, data, options)),
  };
}

/** A token as our own auth service issues them, with `changes`. */
function aToken(signer: Signer, changes: Readonly<Record<string, unknown>> = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: signer.alg, typ: "at+jwt", kid: signer.alg };
  const claims = {
    jti: crypto.randomUUID(),
    sub: "01890a5d-ac96-774b-bcce-b302099a8057",
    iat: now,
    exp: now + 300,
    scope: "openid",
    "client_id": "sallyport-web",
    iss: issuer,
    aud: audience,
    roles: ["customer"],
    ...changes,
  };
  const signed = [header, claims].map((part) => base64url(encoder.encode(JSON.stringify(part))))
    .join(".");
  return `${signed}.${base64url(signer.sign(encoder.encode(signed)))}`;
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function signatureMicroseconds(verifier: SignatureVerifier): Readonly<Record<string, number>> {
  const data = encoder.encode("x".repeat(500));
  const works = signers.map(({ alg, jwk, sign }): [string, Work] => {
    const key = verifier.importKey(jwk, alg);
    const signature = sign(data);
    return [alg, () => {
      if (!key.verify(data, signature)) throw new Error(`Cannot measure ${alg}: it is refused`);
    }];
  });
  return microsecondsOf(Object.fromEntries(works));
}

type Kind = "new" | "seen before" | "forged" | "stale";

/** What one request costs, by what its token is like. */
async function requestMicroseconds(
  verifier: SignatureVerifier,
  signer: Signer,
): Promise<Readonly<Record<Kind, number>>> {
  const open = (verifiedTokensMax: number) =>
    createAuthenticator({
      issuer,
      audience,
      jwksUri: "https://issuer.test/jwks",
      clientId: "gateway",
      algorithms: [signer.alg],
      fetch: () => Promise.resolve(Response.json({ keys: [signer.jwk] })),
      verifier,
      verifiedTokensMax,
    });
  const [forgetful, remembering] = [open(0), open(10)];
  const [good, other] = [aToken(signer), aToken(signer)];
  const forged = good.slice(0, good.lastIndexOf(".")) + other.slice(other.lastIndexOf("."));
  const stale = aToken(signer, { exp: Math.floor(Date.now() / 1000) - 60 });
  for (const authenticate of [forgetful, remembering]) await authenticate(withToken(good));
  const refuses = (token: string) => {
    const request = withToken(token);
    return () => {
      try {
        forgetful(request);
      } catch {
        return;
      }
      throw new Error("Cannot measure: a bad token was accepted");
    };
  };
  const request = withToken(good);
  return microsecondsOf({
    new: () => void forgetful(request),
    "seen before": () => void remembering(request),
    forged: refuses(forged),
    stale: refuses(stale),
  });
}

function withToken(token: string): Request {
  return new Request(audience, { headers: { authorization: `Bearer ${token}` } });
}

function row(...cells: readonly (string | number)[]): void {
  const shown = cells.map((cell) => typeof cell === "number" ? cell.toFixed(1) : cell);
  say(`| ${shown.join(" | ")} |`);
}

using fastest = openSignatureVerifier();
const signers = algorithms.map(aSigner);
const verifiers = [new RuntimeVerifier(), ...fastest.library === "libcrypto" ? [fastest] : []];

say("Microseconds per signature:\n");
row("library", ...algorithms);
row(...["library", ...algorithms].map(() => "---"));
for (const verifier of verifiers) {
  row(verifier.library, ...Object.values(signatureMicroseconds(verifier)));
}

say("\nMicroseconds per request, from its headers to who calls:\n");
row("library", "algorithm", "new", "seen before", "forged", "stale");
row(...Array.from({ length: 6 }, () => "---"));
for (const verifier of verifiers) {
  for (const signer of signers) {
    const cost = await requestMicroseconds(verifier, signer);
    row(verifier.library, signer.alg, ...Object.values(cost));
  }
}
