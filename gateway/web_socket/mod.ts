export { asksForWebSocket } from "./handshake.ts";
export { checkOrigin } from "./origin_check.ts";
export {
  type Accepted,
  defaultWebSocketLimits,
  type WebSocketLimits,
  WebSockets,
  type WebSocketsOptions,
} from "./web_sockets.ts";
