import type { ServerName } from "./real_server.ts";

/** What each real server is started by, in order of preference. `deno task servers install` brings them. */
const programs: Readonly<Record<ServerName, readonly string[]>> = {
  postgres: ["postgres", "/usr/lib/postgresql/*/bin/postgres"],
  redis: ["redis-server"],
  mongodb: ["mongod", "ferretdb", "<cache>/ferretdb"],
  dynamodb: ["<cache>/dynamodb/DynamoDBLocal.jar"],
  consul: ["consul", "<cache>/consul"],
  prometheus: ["prometheus"],
  keycloak: ["<cache>/keycloak/lib/quarkus-run.jar"],
  chromium: ["chromium"],
};

export const serverNames = Object.keys(programs) as readonly ServerName[];

/** Where `deno task servers install` keeps what is in no package of the system. */
export function serversCache(): string {
  const home = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  return `${home}/sallyport/servers`;
}

/** The path of the program that is `name` on this machine, or undefined when there is none. */
export function findServer(name: ServerName): string | undefined {
  for (const program of programs[name]) {
    const found = findProgram(program.replace("<cache>", serversCache()));
    if (found) return found;
  }
  return undefined;
}

/** The path of a program on `PATH`, or of the one that is named by a path itself. */
export function findProgram(name: string): string | undefined {
  if (name.startsWith("/")) return expand(name).find(isFile);
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  return folders.map((folder) => `${folder}/${name}`).find(isFile);
}

/**
 * Whether tests that need `servers` are to be left out here, by name: a machine may lack a server, but
 * where `CI` is set that is a failure, which the test itself then tells.
 */
export function lacks(...servers: readonly ServerName[]): boolean {
  return Deno.env.get("CI") !== "true" && servers.some((name) => !findServer(name));
}

/** Paths with `*` for one name, the last in order first. */
function expand(path: string): string[] {
  const [before, after] = path.split("*");
  if (after === undefined) return [path];
  try {
    const names = [...Deno.readDirSync(before!)].map((entry) => entry.name);
    return names.sort().toReversed().map((name) => `${before}${name}${after}`);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw thrown;
  }
}
