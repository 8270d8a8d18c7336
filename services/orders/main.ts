import { createAuthenticator, createServiceToken } from "platform/access";
import { parseKeyRing, SealedField } from "platform/crypto";
import { EmbeddedEventReader, relayOutbox } from "platform/events";
import { createFaultPoints, loadConfigOrExit, runProgram } from "platform/lifecycle";
import { createLogger, serveAdmin, withReadyz, withRequestLog } from "platform/telemetry";
import { openPeerFetch, openTlsIdentity, serveMutualTls } from "platform/tls";
import { HttpPayments, openStores } from "./adapters/mod.ts";
import { createApp } from "./app.ts";
import { callers } from "./callers.ts";
import { loadConfig } from "./config.ts";
import { offerDemoProducts } from "./demo_products.ts";
import { followPayments } from "./payment_events.ts";
import { createSagaRunner } from "./saga_runner.ts";

/** Where payment methods wait, sealed. */
const methodColumn = { service: "orders", table: "sagas", field: "sealedMethod" };

const now = () => new Date();

const config = loadConfigOrExit("orders", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "orders", level: config.logLevel });

await runProgram(log, async (running) => {
  const admin = running.use(serveAdmin({ hostname: "127.0.0.1", port: config.adminPort }));
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const auth = running.use(openPeerFetch({ identity, peer: "spiffe://sallyport/auth" }));
  const payment = running.use(openPeerFetch({ identity, peer: "spiffe://sallyport/payment" }));

  const stores = running.use(openStores(config.stores));
  if (config.demoProducts) await offerDemoProducts(stores.products, config.demoProducts, now());
  running.use(relayOutbox({ ...stores, log }));

  const { id: clientId, secret: clientSecret, tokenUrl } = config.client;
  const token = createServiceToken({ tokenUrl, clientId, clientSecret, fetch: auth.fetch, now });
  const ring = await parseKeyRing("ENCRYPTION_KEYS_FILE", config.encryptionKeys.reveal());
  const methods = new SealedField(ring, methodColumn);
  const reach = createFaultPoints({ ...config.fault, log });
  const sagas = running.use(
    createSagaRunner({
      ...stores,
      payments: new HttpPayments({ baseUrl: config.paymentUrl, fetch: payment.fetch, token }),
      methods,
      log,
      now,
      reach,
    }),
  );
  const reader = running.use(new EmbeddedEventReader(config.paymentEventsPath));
  const wake = sagas.wake.bind(sagas);
  running.use(followPayments({ reader, inbox: stores.paymentEvents, log, now, wake }));

  const app = createApp({
    ...stores,
    sagas,
    methods,
    authenticate: createAuthenticator({ ...config.tokens, fetch: auth.fetch }),
    log,
    now,
    newId: () => crypto.randomUUID(),
    paymentDeadlineMs: config.paymentDeadlineMs,
    reach,
  });
  const handle = withReadyz(withRequestLog(log, (request: Request) => app.fetch(request)));
  running.use(
    await serveMutualTls({ ...config.server, identity, callers, log }, handle),
  );
  running.use(admin.declareReady());
});
