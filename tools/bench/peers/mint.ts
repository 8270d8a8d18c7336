/**
 * Writes the keys and tokens of the comparison into the folder it is given, before the comparison makes its
 * own: these are access tokens as RFC 9068 has them, `typ: at+jwt`, which our gateway demands and the peers do not mind.
 */
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, SignJWT } from "jose";

const [folder] = Deno.args;
if (!folder) throw new Error("Cannot mint tokens: no folder is named");
await Deno.mkdir(folder, { recursive: true });

/** More than the gateway remembers: asked with in turn, each is new to it. */
const tokens = 25_000;
const keys: unknown[] = [];
for (const alg of ["ES256", "RS256"]) {
  const name = `${folder}/${alg.toLowerCase()}`;
  const kid = `bench-${alg.toLowerCase()}`;
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  keys.push({ ...await exportJWK(publicKey), kid, alg, use: "sig" });
  const mint = () =>
    new SignJWT({ scope: "read:items write:items" })
      .setProtectedHeader({ alg, typ: "at+jwt", kid })
      .setIssuer("https://issuer.bench.local/")
      .setAudience("api://bench")
      .setSubject("consumer-1")
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .setExpirationTime("30d")
      .sign(privateKey);
  await Deno.writeTextFile(`${name}.key`, await exportPKCS8(privateKey));
  await Deno.writeTextFile(`${name}.pub`, await exportSPKI(publicKey));
  await Deno.writeTextFile(`${name}.jwt`, await mint());
  const many = await Promise.all(Array.from({ length: tokens }, mint));
  await Deno.writeTextFile(`${name}.many`, many.join("\n"));
}
await Deno.writeTextFile(`${folder}/jwks.json`, JSON.stringify({ keys }));
