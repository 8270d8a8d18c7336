import { deepEqual, equal, ok } from "node:assert/strict";
import { blindIndexKeyId, openKeyWrapping } from "platform/crypto";
import { developmentPrograms, readRing, retireKeys, rotateKeys, writeRing } from "tools/keys";
import { openFakeKms } from "../fixtures/fake_kms.ts";
import { eventually } from "../fixtures/eventually.ts";
import {
  addPeople,
  peopleCount,
  programs,
  recordCount,
  recordsNotUnder,
  ringFileOf,
  rotationOf,
} from "../fixtures/key_rotation.ts";
import { call, openTestPlatform, placeOrder, type TestPlatform } from "../fixtures/platform.ts";
import { aProduct, buy, settled } from "../fixtures/purchases.ts";

const readers = 3;
/** With fewer, nothing would be shown: the load was not there. */
const answersMin = 50;

Deno.test("keys are rotated and retired under load without a failed request", async () => {
  await using platform = await openTestPlatform({ prepare: addPeople });
  const order = await buy(platform, "pm_card_visa");
  await settled(platform, order);
  const { answers, failures, stop } = await load(platform);

  using wrapping = await openKeyWrapping(undefined);
  const rotation = rotationOf(platform, wrapping, print);
  const startedMs = performance.now();
  const keyId = await rotateKeys(rotation);
  const rotatedMs = performance.now() - startedMs;
  deepEqual(recordsNotUnder(platform, keyId), []);
  ok(recordCount(platform, "auth", keyId) >= peopleCount);
  ok(recordCount(platform, "orders", keyId) > 0);
  ok(recordCount(platform, "payment", keyId) > 0);
  await retireKeys(rotation);
  for (const program of programs) {
    deepEqual(Object.keys((await readRing(ringFileOf(platform.dir, program))).keys), [keyId]);
  }
  const answered = answers.length;
  await eventually("requests go on", () => answers.length > answered + 10);
  await stop();

  deepEqual(failures, []);
  ok(answers.length >= answersMin, `only ${answers.length} answers`);
  equal((await settled(platform, order))["status"], "confirmed");
  deepEqual(platform.reports.filter((report) => report.includes('"log.level":"error"')), []);
  print(
    `keys:rotate under load: ${answers.length} requests, 0 failed, ${
      (rotatedMs / 1000).toFixed(1)
    } s`,
  );
});

Deno.test("a rotation whose command and whose program are killed is finished by the next command", async () => {
  await using platform = await openTestPlatform({ prepare: addPeople });
  const { supervisor, dir } = platform;
  const ringFile = ringFileOf(dir, "auth");
  const before = await readRing(ringFile);

  const killed = startCommand(platform);
  const added = await eventually("the new key is added", async () => {
    const { keys } = await readRing(ringFile);
    return Object.keys(keys).find((keyId) => keyId !== before.current);
  }, { everyMs: 5 });
  killed.kill("SIGKILL");
  equal((await killed.status).signal, "SIGKILL");
  equal((await readRing(ringFile)).current, before.current, "the key was not current yet");

  const finishing = startCommand(platform).output();
  const pid = supervisor.pid("auth");
  const leftWhenKilled = await eventually("auth is in the middle of it", () => {
    if (recordCount(platform, "auth", added) < 100) return undefined;
    supervisor.kill("auth");
    return recordCount(platform, "auth", before.current);
  }, { everyMs: 5 });
  ok(leftWhenKilled > 0, "there was something left to do");
  await supervisor.restarted("auth", pid);

  const { code, stdout } = await finishing;
  const told = new TextDecoder().decode(stdout);
  equal(code, 0, told);
  deepEqual(recordsNotUnder(platform, added), []);
  for (const program of programs) {
    const { current, keys } = await readRing(ringFileOf(dir, program));
    deepEqual([current, Object.keys(keys)], [added, [before.current, added]]);
  }
  equal((await startCommand(platform, "--retire").status).code, 0);
  deepEqual(Object.keys((await readRing(ringFile)).keys), [added]);
  equal(
    (await call(platform, "/users/me", { token: await platform.tokenOf("alice") })).status,
    200,
  );
  print(`kill -9 while sealing anew: ${leftWhenKilled} of ${peopleCount} were left, and are done`);
});

/** `deno task keys:rotate`, with its own rights, for this platform. */
function startCommand({ dir, ports }: TestPlatform, ...args: readonly string[]): Deno.ChildProcess {
  const runtime = ["DENO_DIR", "HOME", "XDG_CACHE_HOME"].flatMap((variable) => {
    const value = Deno.env.get(variable);
    return value === undefined ? [] : [[variable, value] as const];
  });
  const admins = developmentPrograms(dir, ports)
    .flatMap(({ name, adminUrls }) => adminUrls.map((url) => `--admin=${name}=${url}`));
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "-P=keys",
      `--allow-read=${dir}`,
      `--allow-write=${dir}`,
      new URL("../../tools/keys/main.ts", import.meta.url).pathname,
      `--dir=${dir}`,
      ...admins,
      ...args,
    ],
    clearEnv: true,
    env: { ...Object.fromEntries(runtime), NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

Deno.test("a platform whose keys are wrapped by KMS starts, rotates, and goes on without KMS", async () => {
  await using kms = openFakeKms();
  const { keyId: kmsKeyId, region, endpoint, credentials } = kms.config;
  const env = {
    ENCRYPTION_KMS_KEY_ID: kmsKeyId,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_KMS: endpoint!,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey.reveal(),
  };
  using wrapping = await openKeyWrapping(kms.config);
  await using platform = await openTestPlatform({
    extraEnv: { auth: env, payment: env, orders: env },
    async prepare(dir) {
      for (const service of programs) {
        const { current, keys, blindIndex } = await readRing(ringFileOf(dir, service));
        const wrap = async (keyId: string, entry: string) =>
          (await wrapping.wrap(Uint8Array.fromBase64(entry), { service, keyId })).toBase64();
        await writeRing(ringFileOf(dir, service), {
          current,
          keys: { [current]: await wrap(current, keys[current]!) },
          blindIndex: await wrap(blindIndexKeyId, blindIndex!),
        });
      }
    },
  });
  equal((await settled(platform, await buy(platform, "pm_card_visa")))["status"], "confirmed");
  const keyId = await rotateKeys(rotationOf(platform, wrapping, print));
  deepEqual(recordsNotUnder(platform, keyId), []);
  kms.outage = 500;
  equal((await settled(platform, await buy(platform, "pm_card_visa")))["status"], "confirmed");

  const pid = platform.supervisor.pid("orders");
  platform.supervisor.kill("orders");
  await eventually(
    "orders says why it does not start",
    () =>
      platform.reports.some((report) =>
        report.includes("ENCRYPTION_KMS_KEY_ID: Cannot unwrap keys: KMS does not answer")
      ),
  );
  kms.outage = undefined;
  await platform.supervisor.restarted("orders", pid);
});

interface Load {
  /** Status of each answer so far. */
  readonly answers: readonly number[];
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

/** People who read, change and buy, one request after the other, until they are stopped. */
async function load(platform: TestPlatform): Promise<Load> {
  const answers: number[] = [];
  const failures: string[] = [];
  const stopping = new AbortController();
  const token = await platform.tokenOf("alice");
  const ada = await platform.tokenOf("ada");
  const { id: productId } = await aProduct(platform);
  const ask = async (expected: number, asking: () => ReturnType<typeof call>) => {
    try {
      const { status, body } = await asking();
      answers.push(status);
      if (status !== expected) failures.push(`${status} ${JSON.stringify(body)}`);
    } catch (thrown) {
      failures.push(String(thrown));
    }
  };
  const going = async (...acts: readonly (() => Promise<void>)[]) => {
    for (let turn = 0; !stopping.signal.aborted; turn++) await acts[turn % acts.length]!();
  };
  const running = [
    going(() => ask(201, () => placeOrder(platform, { token, productId }))),
    ...Array.from({ length: readers }, () =>
      going(
        () => ask(200, () => call(platform, "/users/me", { token })),
        () => ask(200, () => call(platform, "/users?limit=20", { token: ada })),
        () => ask(200, () => call(platform, "/orders", { token })),
      )),
  ];
  return {
    answers,
    failures,
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
