import type { Consumer } from "./entities/state.ts";
import type { Exchange, OutgoingRequest } from "./exchange.ts";

/** Who a caller turned out to be. */
export interface Identity {
  readonly consumer: Consumer;
  /** Absent when the caller showed none, and is let in as a consumer that stands for such. */
  readonly credential?: {
    readonly id: string;
    /** What the service is told of it: nothing that could be shown again. */
    readonly identifier: string;
  };
}

/** Kong's words for it. */
const names = {
  id: "x-consumer-id",
  username: "x-consumer-username",
  customId: "x-consumer-custom-id",
  credential: "x-credential-identifier",
  anonymous: "x-anonymous-consumer",
} as const;

/** Makes it known who calls: to the plugins that follow, and to the service by Kong's headers. */
export function identify(exchange: Exchange, { consumer, credential }: Identity): void {
  exchange.consumer = consumer;
  exchange.credential = credential && { id: credential.id };
  exchange.edits.push((outgoing) =>
    setHeaders(outgoing, {
      [names.id]: consumer.id,
      [names.username]: consumer.username,
      [names.customId]: consumer.custom_id,
      [names.credential]: credential?.identifier ?? null,
      [names.anonymous]: credential ? null : "true",
    })
  );
}

/** Puts each header in place of whatever was there by that name; null leaves none. */
export function setHeaders(
  outgoing: OutgoingRequest,
  headers: Readonly<Record<string, string | null>>,
): void {
  const rest = outgoing.headers.filter(([name]) => !(name.toLowerCase() in headers));
  for (const [name, value] of Object.entries(headers)) {
    if (value !== null) rest.push([name, fieldValue(value)]);
  }
  outgoing.headers = rest;
}

/** As UTF-8 where it is not ASCII, and nothing that a header could be broken with. */
function fieldValue(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return byte < 0x20 || byte === 0x7f ? encodeURIComponent(character) : character;
  }).join("");
}
