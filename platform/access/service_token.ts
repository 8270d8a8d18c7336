import { z } from "zod";
import type { Secret } from "platform/config";

const renewBeforeSeconds = 30;

const TokenReply = z.object({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
});

/** An access token of the program's own, renewed before it expires. */
export type ServiceToken = () => Promise<string>;

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

  return () => {
    if (current && options.now().getTime() < current.renewAtMs) {
      return Promise.resolve(current.token);
    }
    return underWay ??= renew().finally(() => underWay = undefined);
  };
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
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`Cannot get a service token: the auth server answered ${response.status}`);
  }
  return TokenReply.parse(await response.json());
}
