import { deepEqual, ok } from "node:assert/strict";
import { z } from "zod";
import { connectionLimits } from "gateway/connection-limits";

const openFilesMax = 2_000;
const fixture = new URL("../fixtures/gateway_of_few_files.ts", import.meta.url).pathname;
const Result = z.strictObject({
  answered: z.int(),
  afterwards: z.int(),
  isSameProcess: z.boolean(),
});

Deno.test({
  name:
    "A gateway that may open few files takes fewer connections, and outlives those who want more",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { connectionsMax } = connectionLimits({ threads: 1, openFilesMax });
    const wanted = 4 * connectionsMax;
    const rights = ["-P=test", `--allow-run=/bin/sh,${Deno.execPath()}`];
    const { stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: [
        "-c",
        `ulimit -n ${openFilesMax} && exec "$0" "$@"`,
        ...[Deno.execPath(), "run", "--quiet", "--no-check", ...rights, fixture, String(wanted)],
      ],
    }).output();
    const text = new TextDecoder().decode(stdout);
    ok(text !== "", new TextDecoder().decode(stderr));
    deepEqual(Result.parse(JSON.parse(text)), {
      answered: connectionsMax,
      afterwards: 204,
      isSameProcess: true,
    });
  },
});
