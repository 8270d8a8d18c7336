import template from "../../deploy/keycloak/sallyport-realm.json" with { type: "json" };
import { type Credentials, demoPeople } from "./credentials.ts";

export interface RealmOptions {
  readonly credentials: Pick<Credentials, "edgeUrl" | "users" | "clients">;
  /** Of the programs' own clients. */
  readonly secrets: Readonly<Record<"auth" | "orders" | "payment", string>>;
}

/** The realm of `deploy/keycloak/`, as Keycloak imports it, with the people of the demo. Development only. */
export function keycloakRealm({ credentials, secrets }: RealmOptions): typeof template {
  const { edgeUrl, users, clients } = credentials;
  const machine = clients.find(({ client_id: id }) => id === "demo-machine");
  const variables: Readonly<Record<string, string>> = {
    EDGE_URL: edgeUrl,
    OIDC_AUDIENCE: edgeUrl,
    AUTH_CLIENT_SECRET: secrets.auth,
    ORDERS_CLIENT_SECRET: secrets.orders,
    PAYMENT_CLIENT_SECRET: secrets.payment,
    DEMO_MACHINE_CLIENT_SECRET: machine?.client_secret ?? "",
  };
  const filled: typeof template = JSON.parse(
    JSON.stringify(template).replaceAll(
      /\$\{([A-Z_]+)\}/g,
      (_, name: string) => JSON.stringify(variables[name]).slice(1, -1),
    ),
  );
  const people = users.map(({ email, password, roles }) => ({
    username: email,
    email,
    firstName: demoPeople.find((person) => person.email === email)?.name ?? email,
    emailVerified: true,
    enabled: true,
    groups: roles.map((role) => `/${role}`),
    credentials: [{ type: "password", value: password, temporary: false }],
  }));
  return { ...filled, users: [...filled.users, ...people] as typeof filled.users };
}
