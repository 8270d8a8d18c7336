import { isCollection, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { configError } from "platform/config";

type Path = readonly PropertyKey[];

export interface Fault {
  readonly path: Path;
  readonly message: string;
}

export interface PlacedDocument {
  readonly value: unknown;
  /** Faults of the value as the operator needs them, from top to bottom: file, line, path, what is wrong. */
  faultsAt(faults: readonly Fault[]): string[];
}

/**
 * Reads YAML such that faults found later can be told by their line.
 *
 * @throws {ConfigError} when it is not YAML, or names a key twice.
 */
export function placedFaults(text: string, file: string): PlacedDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const [...errors] = document.errors;
  if (errors.length > 0) {
    throw configError(errors.map(({ pos, message }) => `${file}:${lineAt(pos[0])}: ${message}`));
  }
  return {
    value: document.toJS(),
    faultsAt: (faults) =>
      faults
        .map((fault) => ({ ...fault, line: lineAt(offsetOf(document.contents, fault.path)) }))
        .toSorted((one, other) => one.line - other.line)
        .map(({ line, path, message }) => `${file}:${line}: ${printed(path)}: ${message}`),
  };
}

/** Where `path` begins, or as much of it as there is. */
function offsetOf(root: Node | null, path: Path): number {
  let node: unknown = root;
  let offset = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (!pair) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      node = isCollection(node) ? node.items[Number(step)] : undefined;
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** `services[0].routes[2].methods` */
function printed(path: Path): string {
  const text = path.map((step) => typeof step === "number" ? `[${step}]` : `.${String(step)}`);
  return text.join("").replace(/^\./, "") || "the document";
}
