/**
 * Switches off each defence of the TLS layer in a copy of the sources, and demands that its test fails.
 * Run it with `deno task test:mutations`; it exits 1 when a test stays green.
 */
import { type Mutation, mutations } from "./tls_mutation_list.ts";

/** All that the tests stand on. The workspace is named anew, so that only these members are needed. */
const copied = [
  "import_map.json",
  "deno.lock",
  "platform",
  "gateway",
  "certs",
  "tests/deno.json",
  "tools/deno.json",
];
const copiedTests = [...new Set(mutations.map(({ testFile }) => testFile))];
const sources = [
  "tests/security/tls_fixture.ts",
  "tests/security/tls_call_fixture.ts",
  "tools/lint/no_plaintext_proxy.ts",
  "tools/servers/closable.ts",
];
const rights = ["net=127.0.0.1,127.0.0.2,localhost", "read", "write", "env", "sys"].map((right) =>
  `--allow-${right}`
);
const workspace = {
  workspace: ["./platform", "./gateway", "./certs", "./tests", "./tools"],
  importMap: "./import_map.json",
  nodeModulesDir: "none",
};

async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) {
    await Deno.mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

async function isGreen(dir: string, testFile: string, test: string): Promise<boolean> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", ...rights, "--no-check", "--filter", test, testFile],
    cwd: dir,
    env: { NO_COLOR: "1" },
    stderr: "null",
  }).output();
  const printed = new TextDecoder().decode(stdout);
  // Neither a file that does not load nor a filter that finds nothing counts as a result.
  if (/\| [1-9]\d* passed \| 0 failed/.test(printed)) return true;
  if (/ \.\.\.[^]*FAILED/.test(printed) && printed.includes(test)) return false;
  throw new Error(`Cannot tell whether "${test}" failed:\n${printed}`);
}

async function isKilled(dir: string, mutation: Mutation): Promise<boolean> {
  const { file, find, replace, testFile, test } = mutation;
  const path = `${dir}/${file}`;
  const source = await Deno.readTextFile(path);
  if (source.split(find).length !== 2) {
    throw new Error(`Cannot mutate "${file}": not exactly one "${find}"`);
  }
  await Deno.writeTextFile(path, source.replace(find, () => replace));
  try {
    return !await isGreen(dir, testFile, test);
  } finally {
    await Deno.writeTextFile(path, source);
  }
}

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const dir = await Deno.makeTempDir();
let survivors = 0;
try {
  for (const path of [...copied, ...copiedTests, ...sources]) {
    await copy(`${root}/${path}`, `${dir}/${path}`);
  }
  await Deno.writeTextFile(`${dir}/deno.json`, JSON.stringify(workspace));
  say("| defence switched off | with it | without it | test |\n|---|---|---|---|");
  for (const mutation of mutations) {
    const before = await isGreen(dir, mutation.testFile, mutation.test) ? "green" : "RED";
    const after = await isKilled(dir, mutation) ? "red" : "GREEN";
    if (before !== "green" || after !== "red") survivors += 1;
    const name = mutation.testFile.replace(/^.*\//, "");
    say(`| ${mutation.trap} | ${before} | ${after} | ${name}: ${mutation.test} |`);
  }
} finally {
  await Deno.remove(dir, { recursive: true });
}
say(survivors === 0 ? "Every test notices." : `${survivors} tests do not notice.`);
Deno.exit(survivors === 0 ? 0 : 1);
