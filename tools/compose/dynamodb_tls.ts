/** TLS before DynamoDB Local, whose network it shares: `dynamodb_tls.ts <port> <plain port> <folder>`. */
import { stopSignal } from "platform/lifecycle";
import { openTlsTerminator } from "../servers/tls_terminator.ts";

const [port, plainPort, folder] = Deno.args;
await using _ = await openTlsTerminator({
  cert: `${folder}/cert.pem`,
  key: `${folder}/key.pem`,
  hostname: "0.0.0.0",
  port: Number(port),
  plainPort: Number(plainPort),
});
await stopSignal();
