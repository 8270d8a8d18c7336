import type { Child } from "hono/jsx";
import type { HtmlEscapedString } from "hono/utils/html";
import { paths } from "../page_paths.ts";

/** What a page is made of; `String()` of it is its markup. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface LayoutProps {
  /** The one heading of the page, and its name in the browser. */
  readonly title: string;
  /** One form needs a narrow sheet; the account needs room. */
  readonly width?: "narrow" | "wide";
  /** Path of a script of ours that makes the page work better; pages work without, unless they say so. */
  readonly script?: string | undefined;
  /** What stands at the right of the name of the place. */
  readonly masthead?: Child;
  readonly children?: Child;
}

/** The frame of every page. It names its parts for those who do not see them. */
export function Layout(
  { title, width = "narrow", script, masthead, children }: LayoutProps,
): Markup {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title} – Sallyport</title>
        <link rel="stylesheet" href={paths.styles} />
        {script === undefined ? null : <script type="module" src={script}></script>}
      </head>
      <body class={width}>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="masthead">
          <Brand />
          {masthead}
        </header>
        <main id="content">{children}</main>
        <footer class="colophon">Sallyport keeps the gate.</footer>
      </body>
    </html>
  );
}

function Brand() {
  return (
    <span class="brand">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M3 21V6h3V3h3v3h6V3h3v3h3v15h-6v-5a3 3 0 0 0-6 0v5z" />
      </svg>
      Sallyport
    </span>
  );
}

/** A heading, and one thing to do under it. */
export function Sheet(
  { title, children }: { readonly title: string; readonly children?: Child },
): Markup {
  return (
    <div class="sheet">
      <h1>{title}</h1>
      {children}
    </div>
  );
}
