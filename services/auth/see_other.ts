/** Sends the browser on, by `GET`: a form is not posted again when the page is loaded again. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}
