import { equal } from "node:assert/strict";
import { aPair } from "./tls_fixture.ts";

// The day this test fails, Deno.serve has learned to ask for client certificates (denoland/deno#26825),
// and the front of ADR 0002 may no longer be needed.
Deno.test("Deno.serve still answers a client without a certificate, whatever it is told to demand", async () => {
  const { ca, identity: { material } } = await aPair();
  const demands = {
    ca: material.ca,
    caCerts: [material.ca],
    clientCa: material.ca,
    requestCert: true,
    requestClientCert: true,
    rejectUnauthorized: true,
    clientAuth: "required",
  };
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: material.cert,
    key: material.key,
    onListen() {},
    ...demands,
  }, () => new Response("ok"));
  using client = Deno.createHttpClient({ caCerts: [ca.pem.cert] });
  const response = await fetch(`https://localhost:${server.addr.port}/`, { client });
  equal(response.status, 200);
  await response.text();
});
