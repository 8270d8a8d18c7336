/** What the services' route and access tables say, as documents: `docs/access.md` and `docs/openapi/*.json`. */
import { type AccessTable, roles } from "platform/access";
import { type Route, toOpenApi } from "platform/http";
import { policy as authPolicy } from "@services/auth/policy";
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
  const tables = services.map(({ name, routes, policy }) => {
    const rows = Object.entries(routes).map(([operation, { method, path }]) => {
      const row = policy[operation] ?? {};
      const cells = columns.map((column) => row[column] ?? "");
      return [`${method.toUpperCase()} ${path}`, ...cells];
    });
    return `## ${name}\n\n${markdownTable(["operation", ...columns], rows)}`;
  });
  return `# Who may do what

Printed from the services' access tables by \`deno task print\`. \`own\` reaches what belongs to the
caller, \`any\` everyone's; an empty cell is denied with 403, and without a token with 401.

${tables.join("\n\n")}
`;
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
