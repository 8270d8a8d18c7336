import { loadConfigOrExit, pause, runProgram } from "platform/lifecycle";
import { createLogger, withRequestLog } from "platform/telemetry";
import { openTlsIdentity, openTrustedFetch, serveTls } from "platform/tls";
import { createApp } from "./app.ts";
import { ChargeStore } from "./charge_store.ts";
import { loadConfig } from "./config.ts";
import { sendWebhooks } from "./webhook_sender.ts";

const config = loadConfigOrExit("psp", () => loadConfig((name) => Deno.env.get(name)));
const log = createLogger({ service: "psp", level: config.logLevel });

await runProgram(log, async (running) => {
  const identity = running.use(await openTlsIdentity(config.tls, { log }));
  const charges = running.use(new ChargeStore(config.path));
  const merchant = running.use(openTrustedFetch({ identity }));
  const { fetch } = merchant;
  running.use(sendWebhooks({ charges, ...config.webhooks, fetch, log, now: () => new Date() }));

  const stopping = new AbortController();
  const app = createApp({
    charges,
    apiKey: config.apiKey,
    pause: (ms, signal) => pause(ms, AbortSignal.any([signal, stopping.signal])),
  });
  const handle = withRequestLog(log, (request: Request) => app.fetch(request));
  running.use(await serveTls({ ...config.server, identity, log }, handle));
  // Answers that are held back on purpose must not hold up the drain.
  running.defer(() => stopping.abort());
});
