import { freePort } from "../platform/free_port.ts";
import { consulToken, consulUrl, startConsul } from "./consul.ts";
import { dynamodbCredentials, dynamodbEndpoint, startDynamodb } from "./dynamodb.ts";
import { type Link, openLink } from "./link.ts";
import { mongodbUrl, startMongodb } from "./mongodb.ts";
import type { ServerPlace } from "./place.ts";
import { postgresUrl, startPostgres } from "./postgres.ts";
import type { RealServer } from "./real_server.ts";
import { redisUrl, startRedis } from "./redis.ts";

/** What a platform stands on. */
export const platformServers = ["mongodb", "dynamodb", "postgres", "redis", "consul"] as const;
export type PlatformServer = typeof platformServers[number];

const starters: Readonly<Record<PlatformServer, (place: ServerPlace) => Promise<RealServer>>> = {
  mongodb: startMongodb,
  dynamodb: startDynamodb,
  postgres: startPostgres,
  redis: startRedis,
  consul: startConsul,
};

/** A server, and the network by which clients reach it. */
export interface LinkedServer {
  readonly server: RealServer;
  readonly link: Link;
}

/** One of each of the servers that a platform stands on, and what its programs are told of them. */
export interface RealServers
  extends AsyncDisposable, Readonly<Record<PlatformServer, LinkedServer>> {
  readonly variables: Readonly<Record<string, string>>;
}

export interface ServersPlace {
  /** Where each keeps its things, in a folder of its own. What is there is gone on with. */
  readonly dataDir: string;
  /** Of `certs/`. */
  readonly tlsDir: string;
}

/** Starts them on free ports. */
export async function startServers({ dataDir, tlsDir }: ServersPlace): Promise<RealServers> {
  await using starting = new AsyncDisposableStack();
  const start = async (name: PlatformServer): Promise<LinkedServer> => {
    const place = { dataDir: `${dataDir}/${name}`, tlsDir, port: freePort() };
    const server = starting.use(await starters[name](place));
    return { server, link: starting.use(await openLink(freePort(), server.port)) };
  };
  // One after another: each may have to issue its certificate first, in the same folder.
  const servers = {
    mongodb: await start("mongodb"),
    dynamodb: await start("dynamodb"),
    postgres: await start("postgres"),
    redis: await start("redis"),
    consul: await start("consul"),
  };
  const running = starting.move();
  return {
    ...servers,
    variables: {
      AUTH_MONGODB_URL: mongodbUrl(servers.mongodb.link.port),
      PAYMENT_DYNAMODB_ENDPOINT: dynamodbEndpoint(servers.dynamodb.link.port),
      ...dynamodbCredentials,
      ORDERS_POSTGRES_URL: postgresUrl(servers.postgres.link.port, "orders"),
      REDIS_URL: redisUrl(servers.redis.link.port),
      CONSUL_HTTP_ADDR: consulUrl(servers.consul.link.port),
      CONSUL_HTTP_TOKEN: consulToken,
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
