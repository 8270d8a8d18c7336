import { equal, ok } from "node:assert/strict";
import { openFilesMax } from "./open_files.ts";

Deno.test({
  name: "how many files may be open is what the system says",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", "ulimit -n"] }).output();
    const told = new TextDecoder().decode(stdout).trim();
    const most = openFilesMax();
    ok(most !== undefined && most >= 64);
    if (told !== "unlimited") equal(most, Number(told));
  },
});

Deno.test("how many files may be open is not known without the library to ask", () => {
  equal(openFilesMax(["/nowhere/libcrypto.so.3"]), undefined);
  equal(openFilesMax([]), undefined);
});
