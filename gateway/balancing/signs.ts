import type { Upstream } from "../entities/mod.ts";
import type { Sign, SignLimits } from "./target_health.ts";

type Checks = Upstream["healthchecks"]["active"] | Upstream["healthchecks"]["passive"];

const unresolved = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME"]);
const causesMax = 5;

export function limitsOf({ healthy, unhealthy }: Checks): SignLimits {
  return {
    success: healthy.successes,
    httpFailure: unhealthy.http_failures,
    tcpFailure: unhealthy.tcp_failures,
    timeout: unhealthy.timeouts,
  };
}

/** Whether anything could turn a server over. */
export function isOn(limits: SignLimits): boolean {
  return Object.values(limits).some((limit) => limit > 0);
}

/** What the status of an answer tells; undefined when nothing is said of it. */
export function signOfStatus(status: number, { healthy, unhealthy }: Checks): Sign | undefined {
  if (healthy.http_statuses.includes(status)) return "success";
  return unhealthy.http_statuses.includes(status) ? "httpFailure" : undefined;
}

/** What it tells that there was no answer. */
export function signOfFailure(thrown: unknown): Sign {
  return causesOf(thrown).some(({ name }) => name === "TimeoutError") ? "timeout" : "tcpFailure";
}

/** Whether the server's name is not known, as far as can be said. */
export function isNameUnknown(thrown: unknown): boolean {
  return causesOf(thrown).some(({ code }) => unresolved.has(String(code)));
}

function causesOf(thrown: unknown): (Error & { readonly code?: unknown })[] {
  const chain: Error[] = [];
  for (let at = thrown; at instanceof Error && chain.length < causesMax; at = at.cause) {
    chain.push(at);
  }
  return chain;
}
