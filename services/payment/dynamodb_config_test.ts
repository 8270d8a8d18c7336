import { equal, ok, throws } from "node:assert/strict";
import { createAuthority } from "certs/authority";
import { ConfigError } from "platform/config";
import { readDynamodb } from "./dynamodb_config.ts";

const endpoint = "https://dynamodb.eu-central-1.amazonaws.com";

function test(promise: string, check: (given: Given) => void): void {
  Deno.test(promise, async () => {
    const dir = await Deno.makeTempDir();
    try {
      const { pem } = await createAuthority();
      const files = { ours: `${dir}/ca.pem`, garbage: `${dir}/garbage.pem` };
      await Deno.writeTextFile(files.ours, pem.cert);
      await Deno.writeTextFile(files.garbage, "hunter2");
      const variables = {
        PAYMENT_DYNAMODB_ENDPOINT: endpoint,
        AWS_REGION: "eu-central-1",
      };
      check({ ...files, ca: pem.cert, variables });
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

interface Given {
  readonly ours: string;
  readonly garbage: string;
  readonly ca: string;
  readonly variables: Readonly<Record<string, string>>;
}

test("readDynamodb() knows of no table unless an endpoint is named", () => {
  equal(readDynamodb(() => undefined), undefined);
});

test("readDynamodb() has our CA vouch for the server unless told otherwise", ({ variables, ca, ours }) => {
  equal(read(variables)?.ca, undefined);
  equal(read({ ...variables, PAYMENT_DYNAMODB_CA_FILE: ours })?.ca, ca);
  equal(read({ ...variables, PAYMENT_DYNAMODB_CA_FILE: "system" })?.ca, "system");
});

test("readDynamodb() names a table and an endpoint", ({ variables }) => {
  equal(read(variables)?.table, "sallyport-payment");
  equal(read({ ...variables, PAYMENT_DYNAMODB_TABLE: "ours" })?.table, "ours");
  equal(read(variables)?.endpoint, endpoint);
});

test("readDynamodb() refuses what is wrong by the variable's name, and says nothing of its value", (given) => {
  const { variables, garbage } = given;
  const wrong: [string, string][] = [
    ["PAYMENT_DYNAMODB_ENDPOINT", "http://hunter2:8000"],
    ["PAYMENT_DYNAMODB_TABLE", "hunter2/hunter2"],
    ["PAYMENT_DYNAMODB_CA_FILE", garbage],
    ["PAYMENT_DYNAMODB_CA_FILE", "/nowhere/hunter2"],
    ["AWS_REGION", "Hunter2!"],
    ["AWS_REGION", ""],
  ];
  for (const [name, value] of wrong) {
    throws(() => read({ ...variables, [name]: value }), (thrown) => {
      ok(thrown instanceof ConfigError);
      ok(thrown.message.includes(`${name}: `), thrown.message);
      ok(!thrown.message.includes("unter2"), thrown.message);
      return true;
    });
  }
});

function read(variables: Readonly<Record<string, string>>): ReturnType<typeof readDynamodb> {
  return readDynamodb((name) => variables[name]);
}
