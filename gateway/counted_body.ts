/** The same answer. `count` is told of its body's bytes: of an announced length at once, of others as they pass. */
export function countedBody(response: Response, count: (bytes: number) => void): Response {
  if (!response.body) return response;
  const announced = response.headers.get("content-length");
  if (announced !== null) {
    count(Number(announced));
    return response;
  }
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, passed) {
      count(piece.byteLength);
      passed.enqueue(piece);
    },
  });
  return new Response(response.body.pipeThrough(counting), response);
}
