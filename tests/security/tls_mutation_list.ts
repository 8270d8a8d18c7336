/** A defence to switch off, and the test that must notice. */
export interface Mutation {
  readonly trap: string;
  readonly file: string;
  /** Must occur exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly testFile: string;
  /** Part of the name of the test that must fail. */
  readonly test: string;
}

export const mutations: readonly Mutation[] = [
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
    trap: "front's port at another address",
    file: "platform/tls/tls_server.ts",
    find: "remoteAddr.hostname === loopback",
    replace: "true",
    testFile: "tests/security/tls_callers_test.ts",
    test: "at another address of loopback",
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
    testFile: "tests/security/tls_repeated_request_test.ts",
    test: "is not sent a second time",
  },
];
