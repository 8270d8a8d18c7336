import { z } from "zod";
import { Problem, type ProblemType } from "platform/problem";
import { challenge, Realm } from "../challenge.ts";
import { HeaderName } from "../entities/fields.ts";
import type { Exchange, OutgoingRequest } from "../exchange.ts";
import { identify } from "../identify.ts";
import { definePlugin } from "../plugin.ts";
import { gatewayProblems } from "../problems.ts";
import { admitAnonymous, Anonymous, anonymousFaults, isKnown } from "./anonymous.ts";
import { isPreflight } from "./cors.ts";

const config = z.strictObject({
  key_names: z.array(HeaderName).min(1).default(["apikey"]),
  key_in_header: z.boolean().default(true),
  key_in_query: z.boolean().default(true),
  /** Bodies are passed on unread. */
  key_in_body: z.literal(false).default(false),
  /** Whether the service is sent the request without the key. */
  hide_credentials: z.boolean().default(false),
  anonymous: Anonymous,
  run_on_preflight: z.boolean().default(true),
  realm: Realm,
});

type KeyPlaces = Pick<z.output<typeof config>, "key_names" | "key_in_header" | "key_in_query">;

/** Plugin `key-auth`: demands a consumer's API key. Bodies are not searched for one. */
export const keyAuth = definePlugin({
  name: "key-auth",
  isForEveryConsumer: true,
  config,
  check: anonymousFaults,
  create(config, { directory, now }) {
    const refusal = (kind: ProblemType) =>
      new Problem(kind, {
        headers: { "www-authenticate": challenge("Key", { realm: config.realm }) },
      });
    return {
      access(exchange) {
        if (!config.run_on_preflight && isPreflight(exchange.request)) return;
        if (config.anonymous !== null && isKnown(exchange)) return;
        const keys = keysOf(exchange, config);
        const [key] = keys;
        if (key === undefined) {
          if (admitAnonymous(exchange, { anonymous: config.anonymous, directory })) return;
          throw refusal(gatewayProblems.apiKeyMissing);
        }
        const credential = keys.size === 1 ? directory.apiKey(key, now()) : undefined;
        const consumer = credential && directory.consumer(credential.consumer.id);
        if (!consumer) throw refusal(gatewayProblems.apiKeyInvalid);
        if (config.hide_credentials) exchange.edits.push((outgoing) => hide(outgoing, config));
        const { id } = credential;
        identify(exchange, { consumer, credential: { id, identifier: id } });
      },
    };
  },
});

/** All that could be meant, each once. */
function keysOf(
  { request: { headers }, target: { search } }: Exchange,
  { key_names: names, key_in_header: inHeader, key_in_query: inQuery }: KeyPlaces,
): ReadonlySet<string> {
  const keys = new Set<string>();
  if (inHeader) { for (const name of names) addIfGiven(keys, headers.get(name)); }
  if (inQuery && search !== "") {
    for (const [name, value] of new URLSearchParams(search)) {
      if (names.includes(name)) addIfGiven(keys, value);
    }
  }
  return keys;
}

function addIfGiven(keys: Set<string>, key: string | null): void {
  if (key) keys.add(key);
}

function hide(outgoing: OutgoingRequest, { key_names: names }: KeyPlaces): void {
  const headers = new Set(names.map((name) => name.toLowerCase()));
  outgoing.headers = outgoing.headers.filter(([name]) => !headers.has(name.toLowerCase()));
  if (outgoing.search === "") return;
  const kept = outgoing.search.slice(1).split("&").filter((pair) => !names.includes(nameOf(pair)));
  outgoing.search = kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** As `URLSearchParams` reads it, which found the key. */
function nameOf(pair: string): string {
  const [name = ""] = new URLSearchParams(pair).keys();
  return name;
}
