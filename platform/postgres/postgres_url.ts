import { z } from "zod";
import { Secret } from "platform/config";
import type { PostgresConfig } from "./postgres_connection.ts";

const defaultPort = 5432;
const shape = "Not of the form postgres://user[:password]@host[:port]/database";

/**
 * Where a database is. Parameters are refused: there is nothing to set but what this program sets, TLS
 * first of all.
 */
export const PostgresUrl: z.ZodType<Omit<PostgresConfig, "ca">> = z.string()
  .transform((text, context) => {
    const config = parse(text);
    if (config) return config;
    context.addIssue({ code: "custom", message: shape });
    return z.NEVER;
  });

function parse(text: string): Omit<PostgresConfig, "ca"> | undefined {
  const url = URL.parse(text);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.search || url.hash) return undefined;
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)]
    .map(decode);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (!user || !database || database.includes("/") || !host || password === undefined) {
    return undefined;
  }
  return {
    host,
    port: Number(url.port || defaultPort),
    user,
    ...password !== "" && { password: new Secret(password) },
    database,
  };
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    // It is no encoded text: nor is the whole then a URL of ours.
    return undefined;
  }
}
