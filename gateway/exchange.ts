import type { Principal } from "platform/access";
import type { PeerCertificate } from "platform/tls";
import type { Consumer } from "./entities/state.ts";
import type { RouteConfig } from "./gateway_config.ts";
import type { Summary } from "./plugin.ts";
import type { RoutePath } from "./route_path.ts";
import { hostOf, type RequestTarget, targetOf } from "./request_target.ts";

/** How a consumer showed who it is. */
export interface Credential {
  readonly id: string;
}

/** The client certificate of a connection to the mutual-TLS edge, verified there: the leaf alone. */
export type ClientCertificate = PeerCertificate;

/** What a request on its way to the service can still be changed in. */
export interface OutgoingRequest {
  method: string;
  /** With the service's own path before it. */
  path: string;
  /** With its question mark; empty without a query. */
  search: string;
  headers: [name: string, value: string][];
}

/** One request on its way through the edge, and what has been learnt of it. */
export class Exchange {
  /** What plugins add to the answer, whatever it will be. */
  readonly answerHeaders: [name: string, value: string][] = [];
  /** What plugins do to the request before the service gets it, in order. */
  readonly edits: ((outgoing: OutgoingRequest) => void)[] = [];
  /** What they do to its body, in order. It is then held whole, or refused. */
  readonly bodyEdits: ((body: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>)[] = [];
  /** Empty until a plugin sets it. */
  requestId = "";
  /** Whom an access token speaks for; undefined on public routes. */
  principal: Principal | undefined;
  /** Whom the configuration knows the caller as. */
  consumer: Consumer | undefined;
  credential: Credential | undefined;
  /** Of the consumer, when a plugin has looked; or what another proof of who is calling says. */
  groups: ReadonlySet<string> = new Set();
  /** Undefined until one is found. */
  matched: RouteConfig | undefined;
  /** The one of its paths that fits. */
  matchedPath: RoutePath | undefined;
  /** Whether the answer that a plugin gives is a copy of a service's: others treat it as they would the service's. */
  isCopy = false;
  /** No limit until a plugin sets one. */
  bodyBytesMax = Infinity;
  /** Whether any route has this path, with this method or another. */
  isPathKnown = true;
  host = "";
  /** What clients of the listener that it came by call us. */
  edge: URL | undefined;
  /** The request as the runtime gave it, for turning its connection into a WebSocket. */
  upgradable: Request | undefined;
  target: RequestTarget = { path: "", search: "" };
  /** How long the service took to begin its answer. */
  upstreamMs = 0;
  /** Where the service was asked, one after the other. */
  readonly triedOrigins: string[] = [];
  /** Told when the answer is on its way. */
  onAnswered: ((summary: Summary) => void) | undefined;

  constructor(
    readonly request: Request,
    /** The address that the connection came from; empty when the runtime does not say. */
    readonly clientIp: string,
    readonly serverName = "",
    readonly clientCertificate: ClientCertificate | undefined = undefined,
  ) {}

  /** Settles which host and path the request is for. @throws {Problem} when it leaves doubt. */
  readTarget(edge: URL): void {
    this.edge = edge;
    this.host = hostOf(this.request, edge);
    this.target = targetOf(this.request.url);
  }
}
