import type { Principal } from "platform/access";
import { hostOf, type RequestTarget, targetOf } from "./request_target.ts";

/** One request on its way through the edge, and what has been learnt of it. */
export class Exchange {
  /** What plugins add to the answer, whatever it will be. */
  readonly answerHeaders: [name: string, value: string][] = [];
  /** Empty until a plugin sets it. */
  requestId = "";
  /** The verified caller; undefined on public routes. */
  principal: Principal | undefined;
  /** No limit until a plugin sets one. */
  bodyBytesMax = Infinity;
  /** Whether any route has this path, with this method or another. */
  isPathKnown = true;
  host = "";
  target: RequestTarget = { path: "", search: "" };

  constructor(
    readonly request: Request,
    /** The address that the connection came from; empty when the runtime does not say. */
    readonly clientIp: string,
  ) {}

  /** Settles which host and path the request is for. @throws {Problem} when it leaves doubt. */
  readTarget(edge: URL): void {
    this.host = hostOf(this.request, edge);
    this.target = targetOf(this.request.url);
  }
}
