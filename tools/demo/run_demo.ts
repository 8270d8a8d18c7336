import type { EdgeClient } from "../client/mod.ts";
import { type Credentials, randomText } from "../platform/mod.ts";
import { type Answer, Steps, SurpriseError } from "./steps.ts";

export interface DemoOptions {
  readonly edge: EdgeClient;
  readonly credentials: Credentials;
  readonly print: (line: string) => void;
}

/**
 * Signs a new customer up and in, orders, pays, refunds, and tries what must not work.
 *
 * @throws {SurpriseError} at the first step that does not go as it must.
 */
export async function runDemo({ edge, credentials, print }: DemoOptions): Promise<void> {
  const steps = new Steps(edge, credentials.issuer, print);
  const token = await signUpAndIn(steps);
  const product = await chooseProduct(steps);
  const order = await orderAndPay(steps, token, product);
  await orderInVain(steps, token, product);
  await refund(steps, credentials, order);
  await knockOnClosedDoors(steps, credentials, { token, order });
  print("Everything went as it must.");
}

async function signUpAndIn(steps: Steps): Promise<string> {
  const who = {
    email: `carol-${randomText(6).toLowerCase()}@example.com`,
    password: randomText(15),
  };
  const body = { ...who, name: "Carol" };
  await steps.call("sign up a new customer", 201, { method: "POST", path: "/users", body });
  return await steps.signIn("sign in: authorization code, PKCE, login page", who);
}

async function chooseProduct(steps: Steps): Promise<Answer> {
  const { items } = await steps.call("list products", 200, { path: "/products" });
  const product = (items as Answer[]).find(({ stock }) => Number(stock) >= 100);
  if (!product) throw new SurpriseError("No product has stock enough for the demo");
  return product;
}

async function orderAndPay(steps: Steps, token: string, product: Answer): Promise<Answer> {
  const placed = await placeOrder(steps, "order two of a product", token, product, "pm_card_visa");
  const order = await finalState(steps, token, placed);
  steps.expect("the order is", order["status"], "confirmed");
  const payment = await steps.call("read its payment", 200, {
    path: `/payments/${order["paymentId"]}`,
    token,
  });
  steps.expect("the payment is", payment["status"], "succeeded");
  steps.expect("and has captured", payment["capturedMinor"], order["totalMinor"]);
  return order;
}

async function orderInVain(steps: Steps, token: string, product: Answer): Promise<void> {
  const path = `/products/${product["id"]}`;
  const before = await steps.call("read the product's stock", 200, { path });
  const name = "order with a card that is declined";
  const order = await finalState(
    steps,
    token,
    await placeOrder(steps, name, token, product, "pm_card_declined"),
  );
  steps.expect("the order is", order["status"], "payment_failed");
  const after = await steps.call("read the product's stock again", 200, { path });
  steps.expect("the stock is as before", after["stock"], before["stock"]);
}

async function refund(steps: Steps, credentials: Credentials, order: Answer): Promise<void> {
  const paula = await steps.signIn("sign in paula, role payment", personOf(credentials, "paula"));
  await steps.call("paula refunds a part of the payment", 201, {
    method: "POST",
    path: `/payments/${order["paymentId"]}/refunds`,
    token: paula,
    body: { amountMinor: 100 },
    key: crypto.randomUUID(),
  });
  const audrey = await steps.signIn(
    "sign in audrey, role auditor",
    personOf(credentials, "audrey"),
  );
  const { items } = await steps.call("read the ledger's balance", 200, {
    path: "/ledger/balance",
    token: audrey,
  });
  const differences = (items as Answer[]).map(({ differenceMinor }) => differenceMinor);
  steps.expect("debits less credits, by currency", differences, differences.map(() => 0));
}

async function knockOnClosedDoors(
  steps: Steps,
  credentials: Credentials,
  { token, order }: { readonly token: string; readonly order: Answer },
): Promise<void> {
  const bob = await steps.signIn("sign in bob, another customer", personOf(credentials, "bob"));
  const path = `/orders/${order["id"]}`;
  await steps.call("bob reads the first customer's order", 404, { path, token: bob });
  await steps.call("nobody reads it", 401, { path });
  await steps.call("a customer reads the list of users", 403, { path: "/users", token });
  await steps.call("a tampered token reads the order", 401, { path, token: tampered(token) });
}

async function placeOrder(
  steps: Steps,
  name: string,
  token: string,
  product: Answer,
  paymentMethod: string,
): Promise<Answer> {
  const lines = [{ productId: product["id"], quantity: 2 }];
  return await steps.call(name, 201, {
    method: "POST",
    path: "/orders",
    token,
    body: { lines, paymentMethod },
    key: crypto.randomUUID(),
  });
}

const looksMax = 20;

/** The order when its payment is settled: mostly as it was answered, else after some looks. */
async function finalState(steps: Steps, token: string, placed: Answer): Promise<Answer> {
  let order = placed;
  for (let looks = 0; order["status"] === "pending" || order["status"] === "authorized"; looks++) {
    if (looks === looksMax) throw new SurpriseError(`The order stays ${order["status"]}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    order = await steps.call("look at the order", 200, { path: `/orders/${order["id"]}`, token });
  }
  return order;
}

function personOf(
  { users }: Credentials,
  name: string,
): { readonly email: string; readonly password: string } {
  const person = users.find(({ email }) => email === `${name}@example.com`);
  if (!person) throw new SurpriseError(`There is no ${name} among the demo's people`);
  return person;
}

/** The token with another payload behind the same signature. */
function tampered(token: string): string {
  const [header, payload, signature] = token.split(".");
  const first = payload!.startsWith("A") ? "B" : "A";
  return `${header}.${first}${payload!.slice(1)}.${signature}`;
}
