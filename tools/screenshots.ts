/**
 * `deno task screenshots`: every page for people, as a real browser shows it, in light, dark and on a phone,
 * into `docs/pages/`. Needs Chromium, which `deno task servers install` brings.
 */
import type { Page } from "playwright-core";
import { MailFolder, openChromium, walkGallery } from "./pages/mod.ts";
import { freePorts, startPlatform } from "./platform/mod.ts";

const looks = [
  { look: "light", colorScheme: "light", width: 1024, height: 720 },
  { look: "dark", colorScheme: "dark", width: 1024, height: 720 },
  { look: "phone", colorScheme: "light", width: 360, height: 740 },
] as const;

const folder = new URL("../docs/pages/", import.meta.url).pathname;

async function shoot(name: string, page: Page): Promise<void> {
  for (const { look, colorScheme, width, height } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: `${folder}${name}_${look}.png`, fullPage: look === "phone" });
  }
}

const dir = await Deno.makeTempDir({ prefix: "sallyport_" });
try {
  await Deno.mkdir(folder, { recursive: true });
  await using platform = await startPlatform({ dir, ports: freePorts(), report: () => {} });
  await using chromium = await openChromium(platform.credentials);
  const { edgeUrl } = platform.credentials;
  await walkGallery({ chromium, edgeUrl, mail: new MailFolder(`${dir}/mail`), stop: shoot });
} finally {
  await Deno.remove(dir, { recursive: true });
}
