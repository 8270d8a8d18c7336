import { z } from "zod";
import { authenticateToken, soleToken, tokenRefusal } from "../bearer_token.ts";
import { Realm, withRealm } from "../challenge.ts";
import { ConsumerTokens } from "../consumer_tokens.ts";
import { HeaderName } from "../entities/fields.ts";
import type { Exchange } from "../exchange.ts";
import { identify } from "../identify.ts";
import { definePlugin, type PluginTools } from "../plugin.ts";
import { admitAnonymous, Anonymous, anonymousFaults, isKnown } from "./anonymous.ts";
import { isPreflight } from "./cors.ts";

const secondsMax = 31_536_000;

/**
 * Plugin `jwt`: demands a token, and learns from it who is asking. A token that names a consumer's own key
 * counts for that consumer and is verified by that key alone; every other must be an access token of the
 * platform's issuer. Every route that is not public has it, named or not.
 *
 * Stricter than Kong: `exp` and `nbf` are checked wherever they are, `claims_to_verify` demands them, and
 * `uri_param_names` is empty unless told otherwise, because URLs end up in logs.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750 | RFC 6750, bearer tokens}
 */
export const jwt = definePlugin({
  name: "jwt",
  isForEveryConsumer: true,
  config: z.strictObject({
    header_names: z.array(HeaderName).default(["authorization"]),
    cookie_names: z.array(z.string().min(1)).default([]),
    uri_param_names: z.array(z.string().min(1)).default([]),
    /** Of the claim, or else the header, that names a consumer's key. */
    key_claim_name: z.string().min(1).default("iss"),
    secret_is_base64: z.boolean().default(false),
    claims_to_verify: z.array(z.enum(["exp", "nbf"])).min(1).nullable().default(null),
    /** How many seconds ahead `exp` may lie in a consumer's token; 0: however many. */
    maximum_expiration: z.number().min(0).max(secondsMax).default(0),
    anonymous: Anonymous,
    run_on_preflight: z.boolean().default(true),
    realm: Realm,
  }).refine(
    ({ maximum_expiration: seconds, claims_to_verify: claims }) =>
      seconds === 0 || claims?.includes("exp"),
    { path: ["claims_to_verify"], message: "expected to contain: exp" },
  ),
  check: anonymousFaults,
  create(config, { authenticate, issuer, directory, now }) {
    const places = {
      headers: config.header_names,
      cookies: config.cookie_names,
      parameters: config.uri_param_names,
    };
    const tokens = new ConsumerTokens({
      keyClaim: config.key_claim_name,
      isSecretBase64: config.secret_is_base64,
      requiredClaims: config.claims_to_verify ?? [],
      expiresSecondsMax: config.maximum_expiration,
    }, { directory, issuer, now });
    // Nothing to look for but what the issuer's tokens are looked for in anyway: the way of most requests.
    const isPlain = !directory.hasJwtSecrets && config.anonymous === null &&
      config.realm === null &&
      config.header_names.join().toLowerCase() === "authorization" &&
      places.cookies.length === 0 && places.parameters.length === 0;
    const knowCaller = async (exchange: Exchange): Promise<void> => {
      const { request, target: { search } } = exchange;
      const token = soleToken({ headers: request.headers, search, places });
      if (token === undefined) {
        if (admitAnonymous(exchange, { anonymous: config.anonymous, directory })) return;
        throw tokenRefusal();
      }
      const identity = await tokens.identify(token);
      if (identity) return identify(exchange, identity);
      exchange.principal = await authenticateToken(authenticate, { exchange, token });
    };
    return {
      access(exchange) {
        if (!config.run_on_preflight && isPreflight(exchange.request)) return;
        if (isPlain) return authenticateCaller(exchange, authenticate);
        if (config.anonymous !== null && isKnown(exchange)) return;
        const known = knowCaller(exchange);
        if (config.realm === null) return known;
        return known.catch((thrown) => {
          throw withRealm(thrown, config.realm);
        });
      },
    };
  },
});

/** Without a promise, when none is needed: a token that is remembered is most of what is asked with. */
function authenticateCaller(
  exchange: Exchange,
  authenticate: PluginTools["authenticate"],
): void | Promise<void> {
  const caller = authenticate(exchange.request, exchange);
  if (!(caller instanceof Promise)) {
    exchange.principal = caller;
    return;
  }
  return caller.then((principal) => {
    exchange.principal = principal;
  });
}
