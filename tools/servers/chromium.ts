import { freePort } from "../platform/free_port.ts";
import { needServer, runShell } from "./place.ts";
import { RealServer } from "./real_server.ts";

export interface ChromiumPlace {
  /** Absolute path: the browser's profile. */
  readonly dataDir: string;
  /** PEM file of the CA that it trusts. */
  readonly caFile: string;
}

/** Makes the store of CAs that Chromium looks for in its home. */
const trustingCa = `
  mkdir -p "$1"
  certutil -d "sql:$1" -N --empty-password
  certutil -d "sql:$1" -A -n sallyport -t C,, -i "$2"
`;

/** A browser without a window, to be driven by the DevTools protocol on its port of loopback. */
export async function startChromium({ dataDir, caFile }: ChromiumPlace): Promise<RealServer> {
  const chromium = needServer("chromium");
  await runShell(trustingCa, `${dataDir}/.pki/nssdb`, caFile);
  const port = freePort();
  return await RealServer.start({
    name: "chromium",
    command: [
      chromium,
      "--headless=new",
      // Root has no sandbox, and what it visits here is our own.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-extensions",
      "--no-first-run",
      "--hide-scrollbars",
      `--user-data-dir=${dataDir}`,
      `--remote-debugging-port=${port}`,
      "about:blank",
    ],
    env: { HOME: dataDir },
    readyLine: /DevTools listening on/,
    port,
  });
}
