// Requests of HTTP/2 that would be two, or others, once written in HTTP/1.1 (RFC 9113, sections 8.1.1, 8.2 and 10.3; CWE-444).
import { deepEqual } from "node:assert/strict";
import { aListeningGateway, asksOf, type ListeningGateway } from "./gateway_fixture.ts";
import { connectHttp2, type Fields, flags } from "./http2_frames.ts";
import { within } from "./tls_fixture.ts";

interface Sent {
  readonly fields: Fields;
  /** Absent, the request ends with its headers. */
  readonly data?: string;
}

type Attack = readonly [name: string, sent: (base: Base) => Sent];

interface Base {
  readonly id: string;
  readonly host: string;
  /** The four that each request has, with those of `changed` in place of their namesakes. */
  pseudo(changed?: Readonly<Record<string, string>>): Fields;
  /** The same without one. */
  without(name: string): Fields;
}

const data = "abcde";

/** The stream or the connection is broken off, or the answer is 400, and the service hears nothing. */
async function areRefused(attacks: readonly Attack[]): Promise<void> {
  await using gateway = await aListeningGateway();
  const told = await within(
    10_000,
    Promise.all(
      attacks.map(async ([name, sent], at) => {
        const { answer, asked } = await outcomeOf(gateway, `attack-${at}-`, sent);
        return `${name}: ${answer === "cut" ? 400 : answer} ${JSON.stringify(asked)}`;
      }),
    ),
  );
  deepEqual(told, attacks.map(([name]) => `${name}: 400 []`));
  const isWell = await gateway.isWell();
  const { faults, requests } = gateway.upstream;
  deepEqual({ isWell, faults, asked: requests.length }, { isWell: true, faults: [], asked: 1 });
}

interface Outcome {
  readonly answer: number | "cut";
  /** The bodies of the requests that reached the service. */
  readonly asked: readonly string[];
}

async function outcomeOf(
  gateway: ListeningGateway,
  id: string,
  sent: Attack[1],
): Promise<Outcome> {
  await using client = await connectHttp2(gateway);
  const { fields, data } = sent(baseOf(gateway, id));
  client.headers(1, fields, data === undefined ? flags.endStream : 0);
  if (data !== undefined) client.data(1, data);
  await client.until(() => client.ended.has(1) || client.goAwayCode !== undefined);
  const asked = asksOf(gateway.upstream, id).map(({ body }) => body);
  return { answer: client.statuses.get(1) ?? "cut", asked };
}

function baseOf({ host }: ListeningGateway, id: string): Base {
  const base = {
    ":method": "POST",
    ":scheme": "https",
    ":authority": host,
    ":path": `/public/${id}`,
  };
  return {
    id,
    host,
    pseudo: (changed = {}) => Object.entries({ ...base, ...changed }),
    without: (name) => Object.entries(base).filter(([one]) => one !== name),
  };
}

/** One more header on a request that is else good. */
function added(name: string, value: string): Attack {
  return [JSON.stringify(`${name}: ${value}`), ({ pseudo }) => {
    return { fields: [...pseudo(), [name, value]], data };
  }];
}

/** Another value for one of the four. */
function changed(name: string, value: string): Attack {
  return [JSON.stringify(`${name}: ${value}`), ({ id, host, pseudo }) => {
    const text = value.replaceAll("ID", id).replaceAll("HOST", host);
    return { fields: pseudo({ [name]: text }), data };
  }];
}

Deno.test("A length that the frames do not keep to is refused: H2.CL", async () => {
  await areRefused([
    ...["0", "1", "4", "6", "99", "+5", "-1", "5, 5", "0x5", "five"].map((length) =>
      added("content-length", length)
    ),
    ["a length twice", ({ pseudo }) => {
      return { fields: [...pseudo(), ["content-length", "5"], ["content-length", "5"]], data };
    }],
    ["two lengths", ({ pseudo }) => {
      return { fields: [...pseudo(), ["content-length", "0"], ["content-length", "5"]], data };
    }],
    ["two lengths, the right one first", ({ pseudo }) => {
      return { fields: [...pseudo(), ["content-length", "5"], ["content-length", "0"]], data };
    }],
    ["a length and no frame", ({ pseudo }) => {
      return { fields: [...pseudo(), ["content-length", "5"]] };
    }],
  ]);
});

Deno.test("What belongs to a connection of HTTP/1.1 is refused: H2.TE", async () => {
  await areRefused([
    added("transfer-encoding", "chunked"),
    added("transfer-encoding", "identity"),
    added("connection", "close"),
    added("connection", "x-forwarded-for"),
    added("keep-alive", "timeout=5"),
    added("proxy-connection", "close"),
    added("upgrade", "h2c"),
    added("te", "gzip"),
  ]);
});

Deno.test("A line end, NUL or odd character in a header is refused", async () => {
  await areRefused([
    added("x-a", "a\r\nX-Injected: b"),
    added("x-a", "a\r\n\r\nGET /public/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"),
    added("x-a", "a\nb"),
    added("x-a", "a\rb"),
    added("x-a", "a\0b"),
    added("x-a", "\x01"),
    added("x-a: b\r\nx-injected", "c"),
    added("x-a\nx-injected", "c"),
    added("x-a\0", "b"),
    added("x-a:", "b"),
    added("x a", "b"),
    added("x-\xe9", "b"),
    added("", "b"),
    added("X-Upper", "b"),
    added("Transfer-Encoding", "chunked"),
    added("Content-Length", "0"),
  ]);
});

Deno.test("A pseudo-header that is doubled, late, unknown or missing is refused", async () => {
  const again = [[":method", "GET"], [":path", "/admin/x"], [":authority", "evil.example"], [
    ":scheme",
    "http",
  ]] as const;
  await areRefused([
    ...again.map(([name, value]) => added(name, value)),
    ...again.map(([name, value]): Attack => [`${name} first`, ({ pseudo }) => {
      return { fields: [[name, value], ...pseudo()], data };
    }]),
    ["one behind the others", ({ without, id }) => {
      return { fields: [...without(":path"), ["x-a", "b"], [":path", `/public/${id}`]], data };
    }],
    added(":status", "200"),
    added(":protocol", "websocket"),
    added(":host", "evil.example"),
    ...again.map(([name]): Attack => [`no ${name}`, ({ without }) => {
      return { fields: without(name), data };
    }]),
  ]);
});

Deno.test("A path, method or scheme that would break out of its line is refused", async () => {
  await areRefused([
    changed(":path", ""),
    changed(":path", "*"),
    changed(":path", "/public/ID HTTP/1.1\r\nX-Injected: y\r\nX: "),
    changed(":path", "/public/ID x"),
    changed(":path", "/public/ID\tx"),
    changed(":path", "/public/ID\0"),
    changed(":path", "/public/ID?a b"),
    changed(":path", "/public/ID\xe9"),
    changed(":path", "https://evil.example/public/ID"),
    changed(":path", "//evil.example/public/ID"),
    changed(":path", "\\public\\ID"),
    changed(":method", "GET /public/ID HTTP/1.1\r\nX: "),
    changed(":method", "G ET"),
    changed(":method", ""),
    changed(":method", "GET\0"),
    changed(":method", "CONNECT"),
    changed(":scheme", ""),
    changed(":scheme", "https://evil.example/x?"),
    changed(":scheme", "https\r\n"),
  ]);
});

Deno.test("An authority that is no host, not ours to be called by, or not the Host's is refused", async () => {
  await areRefused([
    ...["", "x@HOST", "HOST/x", "HOST\r\nX: y", "HOST x", "HOST,evil", "localhost:1", "HOST\0"].map(
      (authority) => changed(":authority", authority),
    ),
    ["a Host that differs", ({ pseudo }) => {
      return { fields: [...pseudo(), ["host", "evil.example"]], data };
    }],
    ["two Hosts and no authority", ({ without, host }) => {
      return { fields: [...without(":authority"), ["host", host], ["host", "evil.example"]] };
    }],
  ]);
});

Deno.test("What is good in HTTP/2 reaches the service as one request", async () => {
  await using gateway = await aListeningGateway();
  const smuggled = `0\r\n\r\nGET /public/smuggled HTTP/1.1\r\nHost: ${gateway.host}\r\n\r\n`;
  const good: readonly (readonly [...Attack, body: string])[] = [
    ["a body", ({ pseudo }) => ({ fields: pseudo(), data }), data],
    ["its length", (base) => added("content-length", "5")[1](base), data],
    ["a request in its frames", ({ pseudo }) => ({ fields: pseudo(), data: smuggled }), smuggled],
    ["a body of a GET", ({ pseudo }) => {
      return { fields: pseudo({ ":method": "GET" }), data: smuggled };
    }, ""],
    ["te: trailers", (base) => added("te", "trailers")[1](base), data],
    ["the same Host", ({ pseudo, host }) => ({ fields: [...pseudo(), ["host", host]] }), ""],
  ];
  const outcomes = await Promise.all(
    good.map(([, sent], at) => outcomeOf(gateway, `good-${at}-`, sent)),
  );
  deepEqual(outcomes, good.map(([, , body]) => ({ answer: 200, asked: [body] })));
  deepEqual({ ...gateway.upstream.faults }, {});
  deepEqual(asksOf(gateway.upstream, "smuggled"), []);
  const hop = gateway.upstream.requests.flatMap(({ headers }) =>
    headers.filter(([name]) => ["te", "transfer-encoding", "upgrade"].includes(name))
  );
  deepEqual(hop, []);
});
