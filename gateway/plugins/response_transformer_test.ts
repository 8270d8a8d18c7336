import { deepEqual, equal, throws } from "node:assert/strict";
import { gatewayWith } from "../testing/plugin_scene.ts";
import { editedBytesMax } from "./response_transformer.ts";

const answering = (body: BodyInit | null, init: ResponseInit = {}) => ({
  service: () => new Response(body, init),
});
const jsonType = { "content-type": "application/json; charset=utf-8" };

Deno.test("response-transformer edits headers in Kong's order: remove, rename, replace, add, append", async () => {
  const { ask } = gatewayWith(
    "response-transformer",
    `{ remove: { headers: [X-Gone] }, rename: { headers: ["x-old:x-new"] },
       replace: { headers: ["x-new:replaced", "x-absent:a"] },
       add: { headers: ["x-gone:added", "x-kept:not"] },
       append: { headers: ["x-kept:more", "set-cookie:c=d"] } }`,
    answering("ok", {
      status: 201,
      headers: { "x-gone": "1", "x-old": "2", "x-kept": "3", "set-cookie": "a=b" },
    }),
  );
  const { status, headers } = await ask("/open");
  equal(status, 201);
  equal(headers.get("x-gone"), "added");
  equal(headers.get("x-old"), null);
  equal(headers.get("x-new"), "replaced");
  equal(headers.get("x-absent"), null);
  equal(headers.get("x-kept"), "3, more");
  deepEqual(headers.getSetCookie(), ["a=b", "c=d"]);
});

Deno.test("response-transformer edits JSON, values as strings or of the type that is named", async () => {
  const config = `{ remove: { json: [secret] }, rename: { json: ["old:new"] },
      replace: { json: ["n:7", "none:1"], json_types: [number] },
      add: { json: ["b:true", "s:5"], json_types: [boolean] },
      append: { json: ["list:2"], json_types: [number] } }`;
  const body = JSON.stringify({ secret: 1, old: 2, n: 3, list: [1] });
  const headers = { ...jsonType, "content-length": String(body.length), etag: `"1"` };
  const { ask } = gatewayWith("response-transformer", config, answering(body, { headers }));
  const response = await ask("/open");
  deepEqual(await response.json(), { new: 2, n: 7, b: true, s: "5", list: [1, 2] });
  equal(response.headers.get("content-length"), null);
  equal(response.headers.get("etag"), `"1"`);
});

Deno.test("response-transformer asks for all of an answer that it is to edit", async () => {
  const { ask, sent } = gatewayWith("response-transformer", "{ remove: { json: [a] } }");
  await ask("/open", { headers: { range: "bytes=0-1", "if-range": `"x"` } });
  equal(sent[0]!.headers.get("range"), null);
  equal(sent[0]!.headers.get("if-range"), null);
});

Deno.test("response-transformer passes on no JSON that it cannot edit", async () => {
  const config = "{ remove: { json: [secret] } }";
  const status = async (body: BodyInit, init: ResponseInit) =>
    (await gatewayWith("response-transformer", config, answering(body, init)).ask("/open")).status;
  equal(await status("{", { headers: jsonType }), 502);
  equal(await status("{}", { headers: { ...jsonType, "content-encoding": "gzip" } }), 502);
  equal(await status("{}", { status: 206, headers: jsonType }), 502);
  const full = JSON.stringify("x".repeat(editedBytesMax - 2));
  equal(await status(full, { headers: jsonType }), 200);
  equal(await status(`${full} `, { headers: jsonType }), 502);
  equal(await status("{", { headers: { "content-type": "text/plain" } }), 200);
});

Deno.test("response-transformer leaves alone what the gateway itself answers", async () => {
  const config =
    `{ remove: { headers: [www-authenticate], json: [type] }, add: { headers: ["x-a:1"] } }`;
  const { ask } = gatewayWith("response-transformer", config);
  const refused = await ask("/own");
  equal(refused.status, 401);
  equal(refused.headers.get("www-authenticate"), "Bearer");
  equal(refused.headers.get("x-a"), null);
  equal((await refused.json()).type, "urn:sallyport:problem:unauthenticated");
  equal((await ask("/open")).headers.get("x-a"), "1");
});

Deno.test("response-transformer takes no header of the connection or the body, and no value of another type", () => {
  const open = (config: string) => () => gatewayWith("response-transformer", config);
  for (const header of ["content-length", "Transfer-Encoding", "content-encoding", "via", "date"]) {
    throws(open(`{ add: { headers: ["${header}:1"] } }`), /gateway's own/, header);
    throws(open(`{ rename: { headers: ["x-a:${header}"] } }`), /gateway's own/, header);
    throws(open(`{ remove: { headers: ["${header}"] } }`), /gateway's own/, header);
  }
  throws(open(String.raw`{ add: { headers: ["x-a:b\r\nc:d"] } }`), /text of a header/);
  throws(open(`{ add: { json: ["a:x"], json_types: [number] } }`), /expected a number/);
  throws(open(`{ add: { json: ["a:yes"], json_types: [boolean] } }`), /expected a boolean/);
});
