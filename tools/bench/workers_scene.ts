/** Gateways as they are run, before a service and an auth server of the benchmark's own. */
import { cpuSecondsOf } from "./cpu_seconds.ts";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { pause } from "platform/lifecycle";
import { silentLogger as log } from "platform/telemetry";
import { openTlsIdentity, type PeerHandler, serveMutualTls } from "platform/tls";
import {
  ensureDevelopmentFolder,
  freePorts,
  type Ports,
  type Program,
  programsOf,
  startChild,
} from "../platform/mod.ts";

export interface BenchGateway {
  readonly port: number;
  /** User and system time of its process, in seconds. */
  cpuSeconds(): number;
}

export interface WorkersScene extends AsyncDisposable {
  /** PEM of who vouches for the gateways. */
  readonly ca: string;
  /** An access token that only its signature is wrong with. */
  readonly forgedToken: string;
  /** One more gateway, with so many workers. */
  start(workers: number): Promise<BenchGateway>;
}

const body = "x".repeat(62);
const limit = { hour: 1_000_000_000, policy: "local", "limit_by": "ip" };
const termination = { "status_code": 200, "content_type": "text/plain", body };
const ownAnswer = { name: "request-termination", config: termination };
const configuration = JSON.stringify({
  _format_version: "3.0",
  services: [{
    name: "orders",
    url: "https://orders",
    routes: [
      { name: "closed", paths: ["/closed"] },
      { name: "own", paths: ["/own"], tags: ["public"], plugins: [ownAnswer] },
      {
        name: "limited",
        paths: ["/limited"],
        tags: ["public"],
        plugins: [{ name: "rate-limiting", config: limit }, ownAnswer],
      },
      { name: "proxied", paths: ["/proxied"], tags: ["public"] },
    ],
  }],
});

export async function openWorkersScene(): Promise<WorkersScene> {
  await using opening = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
  opening.defer(() => Deno.remove(dir, { recursive: true }));
  const ports = freePorts();
  await ensureDevelopmentFolder(dir, ports);
  await Deno.writeTextFile(`${dir}/gateway.yaml`, configuration);
  const { jwks, forgedToken } = await issuer(`https://localhost:${ports.gateway}`);
  const serve = (program: "auth" | "orders", handler: PeerHandler) =>
    servePeer(opening, { dir, program, port: ports[program], handler });
  await serve("auth", () => new Response(jwks));
  await serve("orders", () => new Response(body));
  const ca = await Deno.readTextFile(`${dir}/tls/ca.pem`);
  const open = opening.move();
  return {
    ca,
    forgedToken,
    start: (workers) => start(open, { dir, ports, workers }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Keys, and a token that names one of them and was signed by another. */
async function issuer(edge: string): Promise<{ jwks: string; forgedToken: string }> {
  const [own, other] = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
  const named = { kid: "bench", alg: "ES256" };
  const jwks = JSON.stringify({ keys: [{ ...await exportJWK(own.publicKey), ...named }] });
  const forgedToken = await new SignJWT({ "client_id": "bench", roles: ["customer"] })
    .setProtectedHeader({ ...named, typ: "at+jwt" })
    .setIssuer(`${edge}/oidc`)
    .setAudience(edge)
    .setSubject("bench")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(other.privateKey);
  return { jwks, forgedToken };
}

interface Serving {
  readonly dir: string;
  readonly program: string;
  readonly port: number;
  readonly handler: PeerHandler;
}

async function servePeer(
  running: AsyncDisposableStack,
  { dir, program, port, handler }: Serving,
): Promise<void> {
  const files = {
    certFile: `${dir}/tls/${program}/cert.pem`,
    keyFile: `${dir}/tls/${program}/key.pem`,
    caFile: `${dir}/tls/ca.pem`,
  };
  const identity = running.use(await openTlsIdentity(files, { log }));
  const callers = new Map<string, "any">([["spiffe://sallyport/gateway", "any"]]);
  const options = { hostname: "127.0.0.1", port, identity, log, drainMs: 1_000, callers };
  running.use(await serveMutualTls(options, handler));
}

interface Starting {
  readonly dir: string;
  /** Where the others are, and what clients call the edge. */
  readonly ports: Ports;
  readonly workers: number;
}

/** The gateway's own program, with its own rights. Says nothing of single requests. */
async function start(
  running: AsyncDisposableStack,
  { dir, ports: shared, workers }: Starting,
): Promise<BenchGateway> {
  const ports = { ...freePorts(), auth: shared.auth, orders: shared.orders };
  const env = {
    GATEWAY_WORKERS: String(workers),
    GATEWAY_CONFIG_FILE: `${dir}/gateway.yaml`,
    EDGE_URL: `https://localhost:${shared.gateway}`,
    LOG_LEVEL: "error",
  };
  const isGateway = ({ name }: Program) => name === "gateway";
  const program = programsOf({ dir, ports, extraEnv: { gateway: env } }).find(isGateway)!;
  const child = startChild(
    program,
    (line) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`)),
  );
  running.defer(async () => {
    child.kill("SIGTERM");
    await child.ended;
  });
  while (!await isReady(ports)) await pause(50, new AbortController().signal);
  return { port: ports.gateway, cpuSeconds: () => cpuSecondsOf(child.pid) };
}

async function isReady({ gatewayAdmin }: Ports): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${gatewayAdmin}/readyz`);
    return response.status === 204;
  } catch {
    // It does not listen yet.
    return false;
  }
}
