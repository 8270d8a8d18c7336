import { deepEqual } from "node:assert/strict";
import { aListeningGateway, asksOf, type ListeningGateway, sendBytes } from "./gateway_fixture.ts";

/** What an attack is made of. */
export interface Parts {
  /** Goes into the path, so that what reaches the service can be told apart. */
  readonly id: string;
  readonly host: string;
  /** A whole request, which the service must never see as one. */
  readonly smuggled: string;
  /** The head of a POST: `headers` are lines, each with its own end. */
  post(...headers: readonly string[]): string;
  get(...headers: readonly string[]): string;
}

export type Attack = readonly [name: string, bytes: (parts: Parts) => string];

/** The whole of a chunked body that has no data. */
export const noChunks = "0\r\n\r\n";
export const chunked = "Transfer-Encoding: chunked\r\n";

export function chunkOf(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}

export function lengthOf(body: string): string {
  return `Content-Length: ${body.length}\r\n`;
}

/** A gateway that soon hangs up on clients who leave it waiting. */
export function anImpatientGateway(): Promise<ListeningGateway> {
  const limits = { headersTimeoutMs: 1_000, idleTimeoutMs: 800 };
  return aListeningGateway({ limits, writeTimeoutMs: 1_000 });
}

/** The gateway hangs up or says 400, once, and the service hears nothing at all. */
export async function areRefused(attacks: readonly Attack[]): Promise<void> {
  await using gateway = await anImpatientGateway();
  const seen = await resultsOf(gateway, attacks);
  deepEqual(seen.map(toldOf), attacks.map(([name]) => told(name, 400)));
  await staysClean(gateway, 0);
}

/**
 * Of each, the service hears one well-formed request with the body given, however odd it was on the way in.
 * What may be read leniently may be refused too: `orRefused` lets it.
 */
export async function becomeOne(
  attacks: readonly (readonly [...Attack, body: string | ((parts: Parts) => string)])[],
  { orRefused = false }: { readonly orRefused?: boolean } = {},
): Promise<void> {
  await using gateway = await anImpatientGateway();
  const seen = await resultsOf(gateway, attacks.map(([name, bytes]) => [name, bytes]));
  const wanted = attacks.map(([name, , body], at) => {
    const parts = partsOf(gateway, at);
    const asked = [typeof body === "string" ? body : body(parts)];
    const isRefused = orRefused && seen[at]!.asked.length === 0;
    return isRefused ? told(name, 400) : told(name, 200, asked);
  });
  deepEqual(seen.map(toldOf), wanted);
  await staysClean(gateway, seen.flatMap(({ asked }) => asked).length);
}

interface Result {
  readonly name: string;
  readonly statuses: readonly number[];
  /** The bodies of the requests that reached the service. */
  readonly asked: readonly string[];
}

/** A request that cannot be read is 400, or what RFC 9110 has for the reason. */
const refusals: readonly number[] = [400, 414, 417, 431, 501];

/** In one line, for a difference is then read at a glance. Hanging up is as good as a 400. */
function toldOf({ name, statuses, asked }: Result): string {
  const isRefusal = statuses.length === 0 ||
    (statuses.length === 1 && refusals.includes(statuses[0]!));
  return told(name, isRefusal ? 400 : statuses.join(), asked);
}

function told(name: string, answered: number | string, asked: readonly string[] = []): string {
  return `${name}: ${answered} ${JSON.stringify(asked)}`;
}

async function resultsOf(
  gateway: ListeningGateway,
  attacks: readonly Attack[],
): Promise<readonly Result[]> {
  return await Promise.all(attacks.map(async ([name, bytes], at) => {
    const parts = partsOf(gateway, at);
    const { statuses } = await sendBytes(gateway, bytes(parts));
    const asked = asksOf(gateway.upstream, parts.id).map(({ body }) => body);
    // An interim answer is no answer.
    return { name, statuses: statuses.filter((status) => status !== 100), asked };
  }));
}

/** Nothing that is no request has reached the service, and the next client's request is its own. */
async function staysClean(gateway: ListeningGateway, askedBefore: number): Promise<void> {
  const isWell = await gateway.isWell();
  const { faults, requests } = gateway.upstream;
  const smuggled = asksOf(gateway.upstream, "smuggled");
  deepEqual({ isWell, faults, smuggled }, { isWell: true, faults: [], smuggled: [] });
  deepEqual(requests.length, askedBefore + 1);
}

function partsOf({ host }: ListeningGateway, at: number): Parts {
  const id = `attack-${at}-`;
  const head = (method: string, headers: readonly string[]) =>
    `${method} /public/${id} HTTP/1.1\r\nHost: ${host}\r\n${headers.join("")}\r\n`;
  return {
    id,
    host,
    smuggled: `GET /public/smuggled-${id} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    post: (...headers) => head("POST", headers),
    get: (...headers) => head("GET", headers),
  };
}
