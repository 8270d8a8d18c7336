import { z } from "zod";
import type { Secret } from "platform/config";

const renewBeforeSeconds = 30;
const requestTimeoutMs = 3_000;

const TokenReply = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
});

/**
 * An access token of the program's own, renewed before it expires. Waits for it no longer than `signal`.
 *
 * @throws the reason of `signal` when it is aborted first.
 */
export type ServiceToken = (signal: AbortSignal) => Promise<string>;

export interface ServiceTokenOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** Carries the request: over mutual TLS to our own auth service. */
  readonly fetch: typeof fetch;
  readonly now: () => Date;
}

/**
 * Obtains tokens by client credentials. However many ask at once, one request is made.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 | RFC 6749, client credentials grant}
 */
export function createServiceToken(options: ServiceTokenOptions): ServiceToken {
  let current: { readonly token: string; readonly renewAtMs: number } | undefined;
  let underWay: Promise<string> | undefined;

  const renew = async () => {
    const { access_token: token, expires_in: lifeSeconds } = await requestToken(options);
    const usefulSeconds = Math.max(lifeSeconds - renewBeforeSeconds, lifeSeconds / 2);
    current = { token, renewAtMs: options.now().getTime() + usefulSeconds * 1000 };
    return token;
  };

  return (signal) => {
    if (current && options.now().getTime() < current.renewAtMs) {
      return Promise.resolve(current.token);
    }
    // Who gives up waiting leaves the request to the others that wait for it.
    return orAborted(underWay ??= renew().finally(() => underWay = undefined), signal);
  };
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

async function requestToken(
  { tokenUrl, clientId, clientSecret, fetch }: ServiceTokenOptions,
): Promise<z.output<typeof TokenReply>> {
  // RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
  const pair = [clientId, clientSecret.reveal()].map(encodeURIComponent).join(":");
  const response = await fetch(tokenUrl, {
    method: "POST",
    headers: {
      "authorization": `Basic ${btoa(pair)}`,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: "grant_type=client_credentials",
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`Cannot get a service token: the auth server answered ${response.status}`);
  }
  return TokenReply.parse(await response.json());
}
