import process from "node:process";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { startChromium } from "../servers/chromium.ts";

export interface ContextTraits {
  readonly javaScript?: boolean;
  readonly colorScheme?: "light" | "dark";
  /** CSS pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly userAgent?: string;
}

export interface OpenChromium extends AsyncDisposable {
  readonly browser: Browser;
  /** A profile of its own: it knows no cookie. Without JavaScript, unless it is asked for. */
  context(traits?: ContextTraits): Promise<BrowserContext>;
}

/** A real browser, which trusts the servers of one CA. It goes with the scope. */
export async function openChromium(
  { caFile }: { readonly caFile: string },
): Promise<OpenChromium> {
  await using opening = new AsyncDisposableStack();
  const dataDir = await Deno.makeTempDir({ prefix: "chromium_" });
  opening.defer(() => Deno.remove(dataDir, { recursive: true }));
  const server = opening.use(await startChromium({ dataDir, caFile }));
  const { chromium } = await loadPlaywright();
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${server.port}`);
  opening.defer(() => browser.close());
  const opened = opening.move();
  return {
    browser,
    context: (
      { javaScript = false, colorScheme = "light", width = 1024, height = 768, ...traits } = {},
    ) =>
      browser.newContext({
        javaScriptEnabled: javaScript,
        colorScheme,
        viewport: { width, height },
        ...traits,
      }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** A dependency of it looks at a file of `/proc` when it is loaded, which needs every right, unless it is told not to. */
function loadPlaywright(): Promise<typeof import("playwright-core")> {
  process.env["__IS_WSL_TEST__"] = "yes";
  return import("playwright-core");
}

export type { BrowserContext, Page };
