import type { Secret } from "platform/config";

/** Where Redis is, and who vouches for it. */
export interface RedisConfig {
  /** `rediss://[user:password@]host[:port][/database]`. */
  readonly url: Secret;
  /** PEM of who vouches for the server; `system`: the runtime's roots; unset: who vouches for us. */
  readonly ca?: string | undefined;
}

/** The parts of a URL that a client needs. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
}

const defaultPort = 6379;

export function redisAddressOf({ url }: RedisConfig): RedisAddress {
  const { hostname, port, pathname, username, password } = new URL(url.reveal());
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? defaultPort : Number(port),
    database: Number(pathname.slice(1)),
    ...username !== "" && { username: decodeURIComponent(username) },
    ...password !== "" && { password: decodeURIComponent(password) },
  };
}
