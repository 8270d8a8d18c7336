import { equal } from "node:assert/strict";
import { deviceOf } from "./user_agent.ts";

const told: readonly [userAgent: string, device: string][] = [
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15",
    "Safari on a Mac",
  ],
  ["Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile", "Chrome on Android"],
  ["curl/8.5.0 (x86_64-pc-linux-gnu)", "An unknown program"],
  ["", "An unknown program"],
];

for (const [userAgent, device] of told) {
  Deno.test(`deviceOf() takes "${userAgent}" for ${device}`, () =>
    equal(deviceOf(userAgent), device));
}
