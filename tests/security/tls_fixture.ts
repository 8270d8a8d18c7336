import { once } from "node:events";
import tls, { type TLSSocket } from "node:tls";
import { type Authority, type AuthorityPem, createAuthority } from "certs/authority";
import { issueLeaf, type Leaf, type LeafContents, signLeaf } from "certs/leaf";
import {
  type PeerHandler,
  serveMutualTls,
  serveTls,
  type TlsIdentity,
  type TlsMaterial,
  type TlsServer,
  type TlsServerOptions,
} from "platform/tls";
import { silentLogger } from "platform/telemetry";

/** A CA of the tests' own, and what it signs. */
export interface TestAuthority {
  readonly authority: Authority;
  readonly pem: AuthorityPem;
  leaf(program: string): Promise<Leaf>;
  /** A leaf that departs from what a program gets in the named points. */
  oddLeaf(contents: Partial<LeafContents>): Promise<Leaf>;
}

const hourMs = 3_600_000;

export async function anAuthority(): Promise<TestAuthority> {
  const { authority, pem } = await createAuthority();
  return {
    authority,
    pem,
    leaf: (program) => issueLeaf(authority, { program }),
    oddLeaf: (contents) =>
      signLeaf(authority, {
        subject: "CN=odd",
        names: [{ type: "url", value: "spiffe://sallyport/odd" }, { type: "dns", value: "odd" }],
        usages: ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"],
        notBefore: new Date(Date.now() - hourMs),
        notAfter: new Date(Date.now() + hourMs),
        ...contents,
      }),
  };
}

/** An identity that changes when a test says so. */
export class TestIdentity implements TlsIdentity {
  readonly #onMaterial = new Set<(material: TlsMaterial) => void>();
  readonly #onRevoked = new Set<() => void>();
  readonly #revoked = new Set<string>();
  #material: TlsMaterial;

  constructor({ cert, key }: Leaf, { pem }: TestAuthority) {
    this.#material = { cert, key, ca: pem.cert };
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  isRevoked(serial: string): boolean {
    return this.#revoked.has(serial);
  }

  onMaterial(listener: (material: TlsMaterial) => void): Disposable {
    this.#onMaterial.add(listener);
    return { [Symbol.dispose]: () => void this.#onMaterial.delete(listener) };
  }

  onRevoked(listener: () => void): Disposable {
    this.#onRevoked.add(listener);
    return { [Symbol.dispose]: () => void this.#onRevoked.delete(listener) };
  }

  take(material: Partial<TlsMaterial>): void {
    this.#material = { ...this.#material, ...material };
    for (const listener of this.#onMaterial) listener(this.#material);
  }

  revoke(serial: string): void {
    this.#revoked.add(serial);
    for (const listener of this.#onRevoked) listener();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export interface TestServerOptions {
  readonly identity: TlsIdentity;
  readonly callers?: ReadonlyMap<string, "any" | readonly string[]>;
  readonly drainMs?: number;
  readonly limits?: TlsServerOptions["limits"];
  readonly handler?: PeerHandler;
}

export const gatewayId = "spiffe://sallyport/gateway";
const sayOk: PeerHandler = () => new Response("ok");

export function aMutualServer(
  {
    identity,
    callers = new Map([[gatewayId, "any"]]),
    drainMs = 2_000,
    limits = {},
    handler = sayOk,
  }: TestServerOptions,
): Promise<TlsServer> {
  const options = { hostname: "127.0.0.1", port: 0, identity, log: silentLogger };
  return serveMutualTls({ ...options, callers, drainMs, limits }, handler);
}

export function anEdge(
  { identity, drainMs = 2_000, limits = {}, handler = sayOk }: TestServerOptions,
): Promise<TlsServer> {
  const options = { hostname: "127.0.0.1", port: 0, identity, log: silentLogger };
  return serveTls({ ...options, drainMs, limits }, handler);
}

/** A client's side of one connection, which remembers what it heard. */
export class TestClient implements AsyncDisposable {
  readonly #chunks: string[] = [];
  #changed = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(readonly socket: TLSSocket) {
    socket.on("data", (bytes) => this.#note(bytes.toString()));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isClosed = true;
      this.#note("");
    });
  }

  get heard(): string {
    return this.#chunks.join("");
  }

  send(text: string): void {
    this.socket.write(text);
  }

  get(path = "/"): void {
    this.send(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  }

  /** Resolves when `text` was heard. @throws when the server hangs up before. */
  async hears(text: string): Promise<void> {
    while (!this.heard.includes(text)) {
      if (this.#isClosed) throw new Error(`Connection closed, heard: ${this.heard}`);
      await this.#changed.promise;
    }
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) await this.#changed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed();
  }

  #note(text: string): void {
    this.#chunks.push(text);
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}

/** A connection after its handshake. In TLS 1.3 the server may still refuse the client's certificate. */
export async function connect(
  { port }: { readonly port: number },
  options: tls.ConnectionOptions = {},
): Promise<TestClient> {
  const socket = tls.connect({
    host: "127.0.0.1",
    port,
    servername: "localhost",
    ALPNProtocols: ["http/1.1"],
    ...options,
  });
  const client = new TestClient(socket);
  await once(socket, "secureConnect");
  return client;
}

/** Whether the server answers a request on a new connection; otherwise it hung up. */
export async function isAnswered(
  server: { readonly port: number },
  options: tls.ConnectionOptions,
): Promise<boolean> {
  try {
    await using client = await connect(server, options);
    client.get();
    await client.hears("HTTP/1.1");
    return true;
  } catch {
    return false;
  }
}

/** What `promise` gives. @throws when that takes longer than `limitMs`: a test must not hang. */
export async function within<Value>(limitMs: number, promise: PromiseLike<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Took longer than ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The connection options of a client that holds `leaf`, and trusts the servers of `authority`. */
export function clientOf(leaf: Leaf, { pem }: TestAuthority): tls.ConnectionOptions {
  return { cert: leaf.cert, key: leaf.key, ca: pem.cert };
}

/** A server's identity, and a client that the server lets in. */
export async function aPair(): Promise<{
  readonly ca: TestAuthority;
  readonly identity: TestIdentity;
  readonly gateway: Leaf;
  readonly client: tls.ConnectionOptions;
}> {
  const ca = await anAuthority();
  const gateway = await ca.leaf("gateway");
  const identity = new TestIdentity(await ca.leaf("orders"), ca);
  return { ca, identity, gateway, client: clientOf(gateway, ca) };
}
