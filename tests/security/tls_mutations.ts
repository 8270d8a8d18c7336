/**
 * Switches off each defence of the TLS layer in a copy of the sources, and demands that its test fails.
 * Run it with `deno run -A tests/security/tls_mutations.ts`; it exits 1 when a test stays green.
 */

interface Mutation {
  readonly trap: string;
  readonly file: string;
  /** Must occur exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly testFile: string;
  /** Part of the name of the test that must fail. */
  readonly test: string;
}

const mutations: readonly Mutation[] = [
  {
    trap: "1a ticket, no client auth",
    file: "platform/tls/front.ts",
    find: `if (!client.authorized || !raw) return this.#refuse("no_certificate", clientIp);`,
    replace: "if (!client.authorized || !raw) return undefined;",
    testFile: "tests/security/tls_session_ticket_test.ts",
    test: "asks for no certificate",
  },
  {
    trap: "1b ticket, other CA",
    file: "platform/tls/peer_verifier.ts",
    find: `if (!issued) return "not_issued_by_our_ca";`,
    replace: "",
    testFile: "tests/security/tls_session_ticket_test.ts",
    test: "trusts another CA",
  },
  {
    trap: "2a revoked, new connection",
    file: "platform/tls/peer_verifier.ts",
    find: `if (this.#identity.isRevoked(certificate.serial)) return "revoked";`,
    replace: "",
    testFile: "tests/security/tls_revocation_test.ts",
    test: "opens no new connection",
  },
  {
    trap: "2b revoked, open connection",
    file: "platform/tls/front.ts",
    find: "this.#following.use(options.identity.onRevoked(() => this.#recheck()));",
    replace: "",
    testFile: "tests/security/tls_revocation_test.ts",
    test: "loses the connections it has",
  },
  {
    trap: "3a forged SAN, client",
    file: "platform/tls/peer_certificate.ts",
    find: "spiffeId: spiffeIdOf(namesOf(parsed)),",
    replace: `spiffeId: certificate.subjectAltName?.replaceAll('"', "").split(", ")
      .find((name) => name.startsWith("URI:"))?.slice(4),`,
    testFile: "tests/security/tls_forged_san_test.ts",
    test: "reads like the gateway's URI",
  },
  {
    trap: "3b forged SAN, host name",
    file: "platform/tls/peer_fetch.ts",
    find:
      `if (!namesHost(certificate, host)) throw refusal(host, "its certificate is for another host");`,
    replace: "",
    testFile: "tests/security/tls_forged_san_test.ts",
    test: "reads like two for the host",
  },
  {
    trap: "4 plaintext proxy",
    file: "tools/lint/no_plaintext_proxy.ts",
    find: "if (isWithinProxy(node)) context.report({ node, message: why });",
    replace: "",
    testFile: "tools/lint/no_plaintext_proxy_test.ts",
    test: "A proxy over plain TCP",
  },
  {
    trap: "5a upload back-pressure",
    file: "platform/tls/pump.ts",
    find: "reads.readStop();",
    replace: "",
    testFile: "tests/security/tls_backpressure_test.ts",
    test: "An upload waits",
  },
  {
    trap: "5b answer back-pressure",
    file: "platform/tls/pump.ts",
    find: "if (!client.write(bytes)) inner.pause();",
    replace: "client.write(bytes);",
    testFile: "tests/security/tls_backpressure_test.ts",
    test: "An answer waits",
  },
  {
    trap: "5c download back-pressure",
    file: "platform/tls/download.ts",
    find: "reads?.readStop();",
    replace: "",
    testFile: "tests/security/tls_backpressure_test.ts",
    test: "A peer's answer waits",
  },
  {
    trap: "6 silent handshake",
    file: "platform/tls/admission.ts",
    find: "setTimeout(() => socket.destroy(), this.#limits.handshakeTimeoutMs)",
    replace: "setTimeout(() => {}, this.#limits.handshakeTimeoutMs)",
    testFile: "tests/security/tls_silent_handshake_test.ts",
    test: "never begins its handshake",
  },
  {
    trap: "7a slow headers",
    file: "platform/tls/connection_deadlines.ts",
    find: `cut("slow_headers")`,
    replace: "undefined",
    testFile: "tests/security/tls_slow_headers_test.ts",
    test: "do not end in time",
  },
  {
    trap: "7b idle drip, HTTP/2",
    file: "platform/tls/connection_deadlines.ts",
    find: `else this.#options.cut("idle");`,
    replace: "",
    testFile: "tests/security/tls_slow_headers_test.ts",
    test: "asks for nothing",
  },
  {
    trap: "8 garbage key",
    file: "platform/tls/tls_identity.ts",
    find: "this.#material = usable(material);",
    replace: "this.#material = material;",
    testFile: "tests/security/tls_rotation_test.ts",
    test: "A garbage key at rotation",
  },
  {
    trap: "9a drain, in flight",
    file: "platform/tls/tls_server.ts",
    find: "await Promise.race([inner.shutdown(), cut.promise]);",
    replace: "front.cutAll();",
    testFile: "tests/security/tls_drain_test.ts",
    test: "lets an answer in flight finish",
  },
  {
    trap: "9b drain, spare handshake",
    file: "platform/tls/admission.ts",
    find: "for (const { socket } of this.#handshakes.values()) socket.destroy();",
    replace: "",
    testFile: "tests/security/tls_drain_test.ts",
    test: "has not finished its handshake",
  },
  {
    trap: "9c drain, stuck",
    file: "platform/tls/tls_server.ts",
    find: "front.cutAll();",
    replace: "",
    testFile: "tests/security/tls_drain_test.ts",
    test: "cuts what is stuck",
  },
  {
    trap: "unknown inner caller",
    file: "platform/tls/tls_server.ts",
    find: "if (!connection) return problemResponse(new Problem(problemTypes.peerNotAllowed));",
    replace: `if (!connection) return new Response("ok");`,
    testFile: "tests/security/tls_callers_test.ts",
    test: "Nobody reaches the inner server",
  },
  {
    trap: "server of another program",
    file: "platform/tls/peer_fetch.ts",
    find: `if (spiffeId !== peer) throw refusal(peer, "its certificate is another program's");`,
    replace: "",
    testFile: "tests/security/tls_peer_fetch_test.ts",
    test: "another program's certificate",
  },
  {
    trap: "runtime repeats a POST",
    file: "platform/tls/peer_agent.ts",
    find: "request.reusedSocket = false;",
    replace: "",
    testFile: "tests/security/tls_peer_fetch_test.ts",
    test: "is not sent a second time",
  },
];

/** All that the tests stand on. The workspace is named anew, so that only these members are needed. */
const copied = [
  "import_map.json",
  "deno.lock",
  "platform",
  "certs",
  "tests/deno.json",
  "tools/deno.json",
];
const copiedTests = [...new Set(mutations.map(({ testFile }) => testFile))];
const sources = ["tests/security/tls_fixture.ts", "tools/lint/no_plaintext_proxy.ts"];
const workspace = {
  workspace: ["./platform", "./certs", "./tests", "./tools"],
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
    args: ["test", "-A", "--no-check", "--filter", test, testFile],
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
