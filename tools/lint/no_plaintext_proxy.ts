const why = 'A proxy with transport "tcp" sends https: requests in plaintext (docs/adr/0002): ' +
  "use openPeerFetch, or a proxy with a url";

/**
 * Refuses `Deno.createHttpClient({ proxy: { transport: "tcp" } })`, and every other object that says so:
 * Deno sends requests for https: URLs through such a proxy without TLS. A value that is computed rather
 * than written out is not seen.
 */
const noPlaintextProxy: Deno.lint.Rule = {
  create(context) {
    return {
      Property(node) {
        if (nameOf(node.key) !== "transport" || textOf(node.value) !== "tcp") return;
        if (isWithinProxy(node)) context.report({ node, message: why });
      },
    };
  },
};

export default noPlaintextProxy;

/** Whether an object around `node` is the value of a `proxy`, or goes to `createHttpClient`. */
function isWithinProxy(node: Deno.lint.Node): boolean {
  for (let at = parentOf(node); at; at = parentOf(at)) {
    if (at.type === "Property" && nameOf(at.key) === "proxy") return true;
    if (at.type === "VariableDeclarator" && /proxy/i.test(nameOf(at.id) ?? "")) return true;
    if (at.type === "CallExpression" && /createHttpClient$/.test(calleeOf(at.callee))) return true;
  }
  return false;
}

function parentOf(node: Deno.lint.Node): Deno.lint.Node | undefined {
  return "parent" in node ? node.parent as Deno.lint.Node : undefined;
}

function nameOf(node: Deno.lint.Node): string | undefined {
  return node.type === "Identifier" ? node.name : textOf(node);
}

function textOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "TSAsExpression") return textOf(node.expression);
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type !== "TemplateLiteral" || node.expressions.length > 0) return undefined;
  return node.quasis[0]?.cooked;
}

function calleeOf(node: Deno.lint.Node): string {
  return node.type === "MemberExpression" ? nameOf(node.property) ?? "" : nameOf(node) ?? "";
}
