import { deepEqual, equal, ok } from "node:assert/strict";
import { redeem, signIn } from "tools/client";
import { demoRedirectUri } from "tools/platform";
import { eventually } from "../fixtures/eventually.ts";
import { call, placeOrder, products } from "../fixtures/platform.ts";
import {
  lacksRealPlatform,
  openRealPlatform,
  type RealPlatform,
} from "../fixtures/real_platform.ts";
import { searchFiles } from "../fixtures/search_files.ts";

/** Stands for a card, and for no other in this test. */
const paymentMethod = "pm_card_visa";
const ordersCount = 10;

/** Servers that keep records of people, orders and payments: each shows their ids in its files. */
const keepers = ["mongodb", "dynamodb", "postgres", "redis"] as const;

/** What was planted, by what it is. None of it is to be found anywhere. */
type Planted = Readonly<Record<string, string>>;

Deno.test({
  name:
    "No store, log, event or key of Redis shows an address, a name, a password, a card or a token",
  ignore: lacksRealPlatform,
  async fn() {
    await using platform = await openRealPlatform({
      extraEnv: Object.fromEntries(
        ["gateway", "auth", "payment", "orders"].map((name) => [name, { LOG_LEVEL: "debug" }]),
      ),
    });
    const { planted, known } = await beBusy(platform);
    const dirs = [
      ...platform.serverDirs,
      `${platform.dir}/logs`,
      ...["auth", "payment", "orders", "gateway", "events"]
        .map((name) => `${platform.dir}/data/${name}`).filter(isThere),
    ];

    const control = await searchFiles(dirs, Object.values(known));
    for (const [what, text] of Object.entries(known)) {
      const places = control.found.filter((finding) => finding.text === text);
      ok(places.length > 0, `the search does not find ${what}, which is there`);
    }
    for (const store of keepers) {
      const places = control.found.filter(({ path }) => path.includes(`/${store}/`));
      ok(places.length > 0, `the search finds nothing that is there in the files of ${store}`);
    }
    const { files, bytes, found } = await searchFiles(dirs, Object.values(planted));
    deepEqual(found, []);
    const summary = `${Object.keys(planted).length} canaries, ${files} files, ` +
      `${Math.round(bytes / 2 ** 20)} MiB, ${found.length} hits`;
    Deno.stdout.writeSync(new TextEncoder().encode(`Canary search: ${summary}\n`));
  },
});

async function beBusy(
  platform: RealPlatform,
): Promise<{ readonly planted: Planted; readonly known: Planted }> {
  const { edge } = platform;
  const id = crypto.randomUUID().slice(0, 8);
  const person = {
    email: `canary.${id}@example.com`,
    name: `Kanarienvögel ${id}`,
    password: `tweet-${id}-tweet`,
  };
  const newName = `Canario ${id}`;
  const newPassword = `pío-${id}-pío-pío`;
  const signedUp = await call(platform, "/users", { method: "POST", body: person });
  equal(signedUp.status, 201);

  const tokens = await signIn(edge, {
    ...person,
    redirectUri: demoRedirectUri,
    scope: "openid profile email",
  });
  const refreshed = await redeem(edge, {
    grant_type: "refresh_token",
    client_id: "sallyport-web",
    refresh_token: tokens.refresh_token!,
  });
  const token = refreshed.access_token;
  const [product] = await products(platform);
  const orderIds: string[] = [];
  for (let count = 0; count < ordersCount; count++) {
    const { status, body } = await placeOrder(platform, {
      token,
      productId: product!.id,
      paymentMethod,
    });
    equal(status, 201);
    orderIds.push(String(body["id"]));
    await call(platform, `/orders/${body["id"]}`, { token });
  }
  const orders = await eventually("the orders are paid", async () => {
    const { body } = await call(platform, "/orders", { token });
    const items = body["items"] as { status: string; paymentId: string }[];
    return items.every(({ status }) => status === "confirmed") && items;
  }, { timeoutMs: 60_000 });
  await call(platform, `/orders/${orderIds[0]}/cancel`, { method: "POST", token });
  // Whatever goes wrong must not be told with what it went wrong with.
  await call(platform, "/users", { method: "POST", body: person });
  await call(platform, "/users/me", { token: `${token}x` });
  for (let count = 0; count < 3; count++) await call(platform, "/users/me", { token });
  const { headers } = await call(platform, "/users/me", { token });
  const change = {
    name: newName,
    password: newPassword,
    currentPassword: person.password,
  };
  const changed = await call(platform, "/users/me", {
    method: "PATCH",
    token,
    body: change,
    headers: { "if-match": headers.get("etag")! },
  });
  equal(changed.status, 200);
  await signIn(edge, { ...person, password: newPassword, redirectUri: demoRedirectUri });

  return {
    planted: {
      ...person,
      newName,
      newPassword,
      paymentMethod,
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token!,
      secondAccessToken: token,
      secondRefreshToken: refreshed.refresh_token!,
      idToken: tokens.id_token!,
    },
    known: {
      "the person's id": String(signedUp.body["id"]),
      "an order's id": orderIds[0]!,
      "a payment's id": orders[0]!.paymentId,
    },
  };
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
