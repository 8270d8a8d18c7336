import { equal, ok } from "node:assert/strict";
import { Exchange } from "../exchange.ts";
import { isTemplate, templateOf } from "./template.ts";

function rendered(text: string): string {
  ok(isTemplate(text), text);
  const request = new Request("https://edge/", { headers: { "x-user": "u-1" } });
  const exchange = new Exchange(request, "");
  exchange.target = { path: "/a/b", search: "?q=1%2F2&empty=" };
  exchange.matched = {
    route: { paths: ["/a", "~/(?<first>[^/]+)/(?<second>[^/]+)"] },
  } as Exchange["matched"];
  return templateOf(text).render(exchange);
}

Deno.test("a template puts in what it refers to, in every form that Kong writes it", () => {
  equal(rendered("plain $ text ()"), "plain $ text ()");
  equal(rendered("<$(headers.x_user)>$(headers['X-User'])"), "<u-1>u-1");
  equal(rendered('$(query_params.q)$(query_params["q"])'), "1/21/2");
  equal(rendered("$(uri_captures.second)-$(uri_captures[1])"), "b-a");
});

Deno.test("a template puts nothing, or what it says instead, where nothing is", () => {
  equal(
    rendered("[$(headers.x_none)$(query_params.empty)$(uri_captures.third)$(uri_captures[9])]"),
    "[]",
  );
  equal(rendered(`$(headers.none or "else")$(uri_captures['a b'] or 'x')`), "elsex");
  equal(rendered('$(headers["not a name"])'), "");
});

Deno.test("a template refers to nothing that a program would have to be run for", () => {
  for (
    const text of [
      "$(shared.x)",
      "$(os.exit())",
      "$(headers)",
      "$(headers.x .. 'y')",
      "$(headers.x:upper())",
      "$(headers.constructor.name)",
      "$(headers.x) $(",
    ]
  ) equal(isTemplate(text), false, text);
});
