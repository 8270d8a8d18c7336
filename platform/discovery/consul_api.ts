import { isIP } from "node:net";
import { z } from "zod";
import { InstanceAddress, type Secret } from "platform/config";
import type { Registration } from "./discovery.ts";

export interface ConsulApiOptions {
  /** Base URL of Consul's HTTP API, without a last slash. */
  readonly url: string;
  readonly token: Secret | undefined;
  /** Carries requests to Consul and nobody else. */
  readonly fetch: typeof fetch;
}

/** One instance of a program as Consul's catalog and health checks have it. */
export interface CatalogEntry {
  readonly origin: string;
  readonly status: "passing" | "warning" | "critical";
}

/** An instance as it is registered. */
export interface CatalogInstance extends Registration {
  readonly id: string;
  readonly address: string;
}

export interface HealthReply {
  readonly entries: readonly CatalogEntry[];
  /** `X-Consul-Index`: a later query with it waits until there is something new. */
  readonly index: number;
}

/** How long a query waits for something new. Consul adds up to a sixteenth, to spread its callers. */
const waitSeconds = 30;
const queryTimeoutMs = 35_000;
const callTimeoutMs = 3_000;
const replyCharactersMax = 4_194_304;
const instancesMax = 1_000;
/** How much of a refusal is told in our log. */
const refusalCharactersMax = 200;

/** How often Consul asks an instance for `/readyz`, and how long that may take. */
const checkInterval = "2s";
const checkTimeout = "2s";
/** The least that Consul heeds. */
const deregisterCriticalAfter = "1m";

/** https://www.consul.io/api-docs/health#list-nodes-for-service */
const HealthEntries = z.array(z.object({
  Node: z.object({ Address: InstanceAddress }),
  Service: z.object({
    // Empty: that of the node.
    Address: z.union([z.literal(""), InstanceAddress]),
    Port: z.int().min(1).max(65_535),
  }),
  Checks: z.array(z.object({ Status: z.enum(["passing", "warning", "critical"]) })),
})).max(instancesMax);

const Index = z.string().regex(/^\d{1,15}$/).transform(Number);

/** Consul did not do what it was asked for. */
export class ConsulError extends Error {
  override readonly name = "ConsulError";

  /** @param status undefined when there was no answer, or none that can be read. */
  constructor(message: string, readonly status: number | undefined, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * The part of Consul's HTTP API that discovery needs.
 *
 * @throws {ConsulError} whatever goes wrong, except the reason of a given signal.
 */
export class ConsulApi {
  readonly #options: ConsulApiOptions;

  constructor(options: ConsulApiOptions) {
    this.#options = options;
  }

  /** The instances of `program`: at once for index 0, else as soon as they are others than at `index`. */
  async health(program: string, index: number, signal: AbortSignal): Promise<HealthReply> {
    const query = `index=${index}&wait=${waitSeconds}s`;
    const path = `/v1/health/service/${encodeURIComponent(program)}?${query}`;
    const { headers, text } = await this.#call("GET", path, { signal, timeoutMs: queryTimeoutMs });
    const entries = HealthEntries.safeParse(orNull(() => JSON.parse(text)));
    const next = Index.safeParse(headers.get("x-consul-index"));
    if (!entries.success || !next.success) {
      throw new ConsulError(`Cannot find "${program}": Consul's answer cannot be read`, undefined, {
        cause: entries.error ?? next.error,
      });
    }
    return { entries: entries.data.map(entryOf), index: next.data };
  }

  /** Registers an instance, or registers it anew under its `id`, with a check of its `/readyz`. */
  async register({ id, program, address, port }: CatalogInstance): Promise<void> {
    const body = {
      ID: id,
      Name: program,
      Address: address,
      Port: port,
      Tags: ["sallyport"],
      Check: {
        Name: "ready",
        HTTP: `${originOf(address, port)}/readyz`,
        Interval: checkInterval,
        Timeout: checkTimeout,
        DeregisterCriticalServiceAfter: deregisterCriticalAfter,
      },
    };
    const path = "/v1/agent/service/register?replace-existing-checks=true";
    await this.#call("PUT", path, { timeoutMs: callTimeoutMs, body });
  }

  async isRegistered(id: string, signal: AbortSignal): Promise<boolean> {
    const path = `/v1/agent/service/${encodeURIComponent(id)}`;
    try {
      await this.#call("GET", path, { signal, timeoutMs: callTimeoutMs });
      return true;
    } catch (thrown) {
      if (thrown instanceof ConsulError && thrown.status === 404) return false;
      throw thrown;
    }
  }

  /** Takes an instance out of the catalog. One that is not there is no fault. */
  async deregister(id: string): Promise<void> {
    const path = `/v1/agent/service/deregister/${encodeURIComponent(id)}`;
    await this.#call("PUT", path, { timeoutMs: callTimeoutMs });
  }

  async #call(
    method: "GET" | "PUT",
    path: string,
    { signal, timeoutMs, body }: {
      readonly timeoutMs: number;
      readonly signal?: AbortSignal;
      readonly body?: unknown;
    },
  ): Promise<{ readonly headers: Headers; readonly text: string }> {
    const { url, token, fetch } = this.#options;
    const act = `Cannot ${method} ${path.split("?")[0]}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers: token ? { "x-consul-token": token.reveal() } : {},
        signal: AbortSignal.any([...signal ? [signal] : [], AbortSignal.timeout(timeoutMs)]),
        ...body !== undefined && { body: JSON.stringify(body) },
      });
      text = await boundedText(response);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new ConsulError(`${act}: ${(cause as Error).message}`, undefined, { cause });
    }
    if (response.ok) return { headers: response.headers, text };
    const said = text.slice(0, refusalCharactersMax).trim();
    throw new ConsulError(`${act}: ${response.status} ${said}`, response.status);
  }
}

function originOf(address: string, port: number): string {
  return `https://${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
}

function entryOf({ Node, Service, Checks }: z.output<typeof HealthEntries>[number]): CatalogEntry {
  const origin = originOf(Service.Address || Node.Address, Service.Port);
  // The worst check is what the instance is worth, its node's among them.
  const worst = (["critical", "warning"] as const).find((status) =>
    Checks.some((check) => check.Status === status)
  );
  return { origin, status: worst ?? "passing" };
}

async function boundedText({ body }: Response): Promise<string> {
  let text = "";
  for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    if (text.length > replyCharactersMax) throw new Error("The answer is too long");
  }
  return text;
}

function orNull(parse: () => unknown): unknown {
  try {
    return parse();
  } catch {
    // Whatever it is, it is no JSON that a schema accepts.
    return null;
  }
}
