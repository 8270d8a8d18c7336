import type { Exchange } from "../exchange.ts";
import { uriCapture } from "../uri_captures.ts";

/** Where a part of a template comes from. Those of the path are in its form already, encoded where they must be. */
export type Source = "literal" | "headers" | "query_params" | "uri_captures";

/** Makes a value fit for where it goes to. */
export type Fit = (value: string, source: Source) => string;

/** Text with references to the request, as in `user-$(headers.x_user)`. */
export interface Template {
  readonly isLiteral: boolean;
  /** What is referred to and not there is empty, unless the template says what stands in its place. */
  render(exchange: Exchange, fit?: Fit): string;
}

/**
 * Kong's references, as far as they need no program to be run: `$(headers.name)`, `$(query_params["name"])`,
 * `$(uri_captures.name)`, `$(uri_captures[1])`, each with ` or "text"` after it. An underscore stands for a hyphen in a header's name.
 */
const reference =
  /\$\((headers|query_params|uri_captures)(?:\.([A-Za-z_]\w*)|\[(?:"([^"]+)"|'([^']+)'|(\d{1,2}))\])(?: +or +(?:"([^"]*)"|'([^']*)'))?\)/g;

export function isTemplate(text: string): boolean {
  return !text.replace(reference, "").includes("$(");
}

/** @param text must be a template: see {@linkcode isTemplate}. */
export function templateOf(text: string): Template {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(reference)) {
    parts.push({ source: "literal", text: text.slice(end, match.index) }, partOf(match));
    end = match.index + match[0].length;
  }
  parts.push({ source: "literal", text: text.slice(end) });
  const [only] = parts;
  if (parts.length === 1 && only?.source === "literal") {
    return { isLiteral: true, render: () => text };
  }
  return {
    isLiteral: false,
    render: (exchange, fit = (value) => value) =>
      parts.map((part) => {
        const value = part.source === "literal" ? part.text : valueOf(exchange, part);
        return fit(value, part.source);
      }).join(""),
  };
}

interface Reference {
  readonly source: Exclude<Source, "literal">;
  readonly name: string;
  /** Of a group without a name. */
  readonly place: number | undefined;
  readonly otherwise: string;
}

type Part = { readonly source: "literal"; readonly text: string } | Reference;

function partOf([, source, dotted, double, single, place, or, orSingle]: RegExpExecArray): Part {
  return {
    source: source as Reference["source"],
    name: dotted ?? double ?? single ?? place ?? "",
    place: place === undefined ? undefined : Number(place),
    otherwise: or ?? orSingle ?? "",
  };
}

function valueOf(exchange: Exchange, { source, name, place, otherwise }: Reference): string {
  return found(exchange, { source, name, place }) ?? otherwise;
}

function found(
  exchange: Exchange,
  { source, name, place }: Omit<Reference, "otherwise">,
): string | null | undefined {
  if (source === "headers") {
    const header = name.toLowerCase().replaceAll("_", "-");
    // What is no name of a header is in none.
    return /^[\w!#$%&'*+.^`|~-]+$/.test(header) ? exchange.request.headers.get(header) : null;
  }
  if (source === "query_params") return new URLSearchParams(exchange.target.search).get(name);
  return uriCapture(exchange, place ?? name);
}
