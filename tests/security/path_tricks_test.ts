// Paths that one program reads as a public one and the next as a protected one (CWE-22, CWE-41, CWE-436; RFC 3986, section 6.2).
import { deepEqual, equal } from "node:assert/strict";
import { aListeningGateway, type ListeningGateway, sendBytes } from "./gateway_fixture.ts";

const prefixes = `      - { name: files, paths: [/files/], strip_path: false, tags: [public] }
      - { name: shop, paths: ["/shop"], tags: [public] }
`;

/** Paths that lead to the protected `/admin` for somebody who decodes, joins or cuts them. */
const tricks = [
  "/public/../admin",
  "/public/./../admin",
  "/public/%2e%2e/admin",
  "/public/%2E%2E/admin",
  "/public/.%2e/admin",
  "/public/..%2fadmin",
  "/public/..%2Fadmin",
  "/public%2f..%2fadmin",
  "/public/..%5cadmin",
  "/public/..%5Cadmin",
  "/public\\..\\admin",
  "/public/..\\admin",
  "/public/..;/admin",
  "/public/..;x=y/admin",
  "/public/..%3b/admin",
  "/public/.;/../admin",
  "/public;/../admin",
  "/public/..%00/admin",
  "/public/%00/../admin",
  "/public/%2e%2e%2fadmin",
  "/public/%252e%252e/admin",
  "/public/%252e%252e%252fadmin",
  "/public/..%252fadmin",
  "/public/..%255cadmin",
  "/public/%c0%ae%c0%ae/admin",
  "/public/..%c0%afadmin",
  "/public/..%c1%9cadmin",
  "/public/..%e0%80%afadmin",
  "/public/..%f0%80%80%afadmin",
  "/public/..%ef%bc%8fadmin/",
  "/public/\u00ef\u00bc\u008e/admin",
  "/public/%u002e%u002e/admin",
  "/public/%uff0e%uff0e/admin",
  "/public/..%0d%0a/admin",
  "/public/..%09/admin",
  "/public/..%20/admin",
  "/files/../admin",
  "/files/%2e%2e/admin",
  "/files/..;/admin",
  "/files/..%2fadmin",
  "/files/x/../../admin",
  "/files/x/..%2f..%2fadmin",
  "/shop/../admin",
  "/shop../admin",
  "/shop./admin",
  "/shop..",
  "/shop..;/admin",
  "/shop%2f../admin",
  "/shop/%2e%2e%2fadmin",
  "//admin",
  "///admin",
  "/.//admin",
  "/public//../admin",
  "/./admin",
  "/%2e/admin",
  "/.;/admin",
  "/;/admin",
  "/;x=y/admin",
  "/%2fadmin",
  "/%5cadmin",
  "\\admin",
  "/\\admin",
  "/admin/",
  "/admin/.",
  "/admin/x/..",
  "/admin/%2e",
  "/admin//x",
  "/admin;",
  "/admin;jsessionid=1",
  "/admin;/x",
  "/admin/;x",
  "/admin%3bx",
  "/admin%00",
  "/admin%00/public",
  "/admin%2f",
  "/admin%2fx",
  "/admin%5cx",
  "/admin%20",
  "/admin%09",
  "/admin%0a",
  "/admin.",
  "/admin..",
  "/admin.json",
  "/admin/x.css",
  "/admin%23",
  "/admin%3f",
  "/admin%3fx",
  "/admin#/../public",
  "/admin/x#",
  "/admin?/../public/x",
  "/admin?/public",
  "/Admin",
  "/ADMIN",
  "/aDMIN/x",
  "/%41dmin",
  "/%61dmin",
  "/%61%64%6d%69%6e",
  "/%61dmin/x",
  "/a%64min/x",
  "/%2561dmin",
  "/adm%69n%2fx",
  "/adm\u00c4\u00b1n",
  "/adm%c4%b1n",
  "/adm\u00efn",
  "/admin%",
  "/admin%2",
  "/admin%zz",
  "/admin/x%ff",
  "/admin/x%ed%a0%80",
];

/** What a service might make of a path, at its most obliging. */
function readings(path: string): readonly string[] {
  const decoded = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return unescape(text);
    }
  };
  const lenient = decoded(decoded(path)).replaceAll("\\", "/").replaceAll(/;[^/]*/g, "");
  return [path, new URL(lenient.replaceAll(/\/+/g, "/"), "https://x").pathname.toLowerCase()];
}

async function ask(gateway: ListeningGateway, path: string): Promise<readonly number[]> {
  const head = `GET ${path} HTTP/1.1\r\nHost: ${gateway.host}\r\nConnection: close\r\n\r\n`;
  return (await sendBytes(gateway, head)).statuses;
}

Deno.test("No spelling of a path lets somebody without a token to what is protected", async () => {
  await using gateway = await aListeningGateway({ routes: prefixes });
  const answers = await Promise.all(tricks.map((path) => ask(gateway, path)));
  const wrong = tricks.filter((_, at) => {
    const [status = 400] = answers[at]!;
    return ![400, 401, 404].includes(status) &&
      !["/public?"].some((open) => tricks[at]!.startsWith(open));
  });
  deepEqual(wrong, []);
  const reached = gateway.upstream.requests.map(({ line }) => line.split(" ")[1]!);
  const protectedOnes = reached.filter((path) =>
    readings(path.split("?")[0]!).some((reading) => /^\/admin/.test(reading))
  );
  deepEqual(protectedOnes, []);
});

Deno.test("A path is matched in the form in which the service gets it", async () => {
  await using gateway = await aListeningGateway({ routes: prefixes });
  const passed: readonly (readonly [asked: string, got: string])[] = [
    ["/public", "/public"],
    ["/%70ublic", "/public"],
    ["/public/%7Eme", "/public/~me"],
    ["/public/caf%c3%a9", "/public/caf%C3%A9"],
    ["/public/a;b=c", "/public/a;b=c"],
    ["/public/a%20b", "/public/a%20b"],
    ["/public/...", "/public/..."],
    ["/public/x?to=/../admin&x=%2e%2e%2f", "/public/x?to=/../admin&x=%2e%2e%2f"],
    ["/files/a/b/", "/files/a/b/"],
    ["/shop/cart", "/cart"],
    ["/shop", "/"],
  ];
  for (const [asked] of passed) deepEqual(await ask(gateway, asked), [200], asked);
  const got = gateway.upstream.requests.map(({ line }) => line.split(" ")[1]);
  deepEqual(got, passed.map(([, path]) => path));
  // A fragment is no part of a request's target.
  deepEqual(await ask(gateway, "/public/x#/../../admin"), [400]);
});

Deno.test("A prefix that is cut off leaves no path that another route protects", async () => {
  await using gateway = await aListeningGateway({ routes: prefixes });
  for (
    const path of ["/shop../admin", "/shop..;/admin", "/shop./admin", "/shop..", "/shop//admin"]
  ) {
    deepEqual(await ask(gateway, path), [400], path);
  }
  equal(gateway.upstream.bytes, "");
});

Deno.test("A method is matched as it is written, and nothing else overrides it", async () => {
  await using gateway = await aListeningGateway({
    routes:
      `      - { name: read, paths: ["~/read$"], methods: [GET], strip_path: false, tags: [public] }
`,
  });
  const { host } = gateway;
  const statuses = async (line: string, header = "") => {
    const head = `${line} HTTP/1.1\r\nHost: ${host}\r\n${header}Connection: close\r\n\r\n`;
    return (await sendBytes(gateway, head)).statuses;
  };
  for (const method of ["POST", "get", "Get", "TRACE", "TRACK", "DEBUG", "PROPFIND", "GETX"]) {
    deepEqual(await statuses(`${method} /read`), [405], method);
  }
  const override =
    "X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE\r\nX-Method-Override: PUT\r\n";
  const rewrite = "X-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\nX-Original-URI: /admin\r\n";
  deepEqual(await statuses("GET /read?_method=DELETE", override + rewrite), [200]);
  const [{ line, headers } = { line: "", headers: [] }] = gateway.upstream.requests;
  equal(line, "GET /read?_method=DELETE HTTP/1.1");
  deepEqual(headers.filter(([, value]) => /DELETE|PUT|admin/.test(value)), []);
});
