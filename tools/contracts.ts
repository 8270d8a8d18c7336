/** What the services' route and access tables say, as documents: `docs/access.md` and `docs/openapi/*.json`. */
import { type AccessTable, roles } from "platform/access";
import { type Route, toOpenApi } from "platform/http";
import { type OidcEndpoint, oidcEndpoints } from "@services/auth/oidc-endpoints";
import { oidcPolicy, policy as authPolicy } from "@services/auth/policy";
import { routes as authRoutes } from "@services/auth/routes";
import { policy as ordersPolicy } from "@services/orders/policy";
import { routes as ordersRoutes } from "@services/orders/routes";
import { policy as paymentPolicy } from "@services/payment/policy";
import { routes as paymentRoutes } from "@services/payment/routes";

export interface ServiceContract {
  readonly name: string;
  readonly routes: Readonly<Record<string, Route>>;
  readonly policy: AccessTable<string>;
}

export const services: readonly ServiceContract[] = [
  { name: "auth", routes: authRoutes, policy: authPolicy },
  { name: "orders", routes: ordersRoutes, policy: ordersPolicy },
  { name: "payment", routes: paymentRoutes, policy: paymentPolicy },
];

/** Whatever has operations, and a table of who may call them. */
interface Operations {
  readonly name: string;
  readonly routes: Readonly<Record<string, { readonly method: string; readonly path: string }>>;
  readonly policy: AccessTable<string>;
}

/** Its answers are those of its RFCs: of all documents, only the access matrix names it. */
const authorizationServer: Operations = {
  name: "auth, as the authorization server",
  routes: Object.fromEntries(
    Object.entries<OidcEndpoint>(oidcEndpoints).map((
      [operation, { method, path }],
    ) => [operation, { method, path: `/oidc${path}` }]),
  ),
  policy: oidcPolicy,
};

/** Every document by its path below the checkout. */
export function contractDocuments(): ReadonlyMap<string, string> {
  const documents = new Map([["docs/access.md", accessMatrix()]]);
  for (const { name, routes, policy } of services) {
    const api = toOpenApi({ title: `Sallyport ${name}`, version: "0.1.0", routes, policy });
    documents.set(`docs/openapi/${name}.json`, `${JSON.stringify(api, undefined, 2)}\n`);
  }
  return documents;
}

const columns = ["anyone", ...roles] as const;

function accessMatrix(): string {
  const tables = [...services.map(accessTable), accessTable(authorizationServer)];
  return `# Who may do what

Printed from the services' access tables by \`deno task print\`. \`own\` reaches what belongs to the
caller, \`any\` everyone's; an empty cell is denied with 403, and without a token with 401.

${tables.join("\n\n")}
`;
}

function accessTable({ name, routes, policy }: Operations): string {
  const rows = Object.entries(routes).map(([operation, { method, path }]) => {
    const row = policy[operation] ?? {};
    const cells = columns.map((column) => row[column] ?? "");
    return [`${method.toUpperCase()} ${path}`, ...cells];
  });
  return `## ${name}\n\n${markdownTable(["operation", ...columns], rows)}`;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
