import { createAuthenticator, createServiceToken } from "platform/access";
import { parseKeyRing, SealedField } from "platform/crypto";
import { relayOutbox } from "platform/events";
import { createFaultPoints, loadConfigOrExit, runProgram } from "platform/lifecycle";
import { createLogger, serveAdmin, withReadyz, withRequestLog } from "platform/telemetry";
import { openPeerFetch, openTlsIdentity, serveMutualTls } from "platform/tls";
import { HttpCardProcessor, HttpOrderLookup, openStores } from "./adapters/mod.ts";
import { createApp } from "./app.ts";
import { callers } from "./callers.ts";
import { loadConfig } from "./config.ts";
import { createSettler } from "./settler.ts";

/** Where payment methods wait, sealed. */
const methodColumn = { service: "payment", table: "payments", field: "sealedMethod" };

const now = () => new Date();
const newId = () => crypto.randomUUID();

const config = loadConfigOrExit("payment", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "payment", level: config.logLevel });

await runProgram(log, async (running) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const auth = running.use(openPeerFetch({ identity, peer: "spiffe://sallyport/auth" }));
  const ordersPeer = running.use(openPeerFetch({ identity, peer: "spiffe://sallyport/orders" }));

  const stores = running.use(openStores(config.stores));
  running.use(relayOutbox({ ...stores, log }));

  const { baseUrl, apiKey, webhookSecret, ca } = config.processor;
  const client = Deno.createHttpClient({ caCerts: [ca] });
  running.defer(() => client.close());
  const fetchProcessor: typeof fetch = (input, init) => fetch(input, { ...init, client });
  const ring = await parseKeyRing("ENCRYPTION_KEYS_FILE", config.encryptionKeys.reveal());
  const methods = new SealedField(ring, methodColumn);
  const reach = createFaultPoints({ ...config.fault, log });
  const settler = running.use(
    createSettler({
      ...stores,
      processor: new HttpCardProcessor({ baseUrl, apiKey, fetch: fetchProcessor }),
      methods,
      log,
      now,
      newId,
      reach,
    }),
  );

  const { id: clientId, secret: clientSecret, tokenUrl } = config.client;
  const token = createServiceToken({ tokenUrl, clientId, clientSecret, fetch: auth.fetch, now });
  const app = createApp({
    ...stores,
    orders: new HttpOrderLookup({ baseUrl: config.ordersUrl, fetch: ordersPeer.fetch, token }),
    settler,
    methods,
    webhookSecret,
    authenticate: createAuthenticator({ ...config.tokens, fetch: auth.fetch }),
    log,
    now,
    newId,
    reach,
  });
  const handle = withReadyz(withRequestLog(log, (request: Request) => app.fetch(request)));
  running.use(
    await serveMutualTls({ ...config.server, identity, callers, log }, handle),
  );
  running.use(admin.declareReady());
});
