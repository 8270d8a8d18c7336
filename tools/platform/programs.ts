import { defaultPorts, localUrl, type Ports } from "./addresses.ts";
import { freePort } from "./free_port.ts";

export type ProgramName = "psp" | "auth" | "payment" | "orders" | "gateway";

/** A program, or a replica of it: `orders`, `orders-2`. */
export type InstanceName = ProgramName | `${ProgramName}-${number}`;

/** How one program is run: its own rights, its own variables, and nothing else. */
export interface Program {
  readonly name: InstanceName;
  /** What it is an instance of: the name of its permission set. */
  readonly program: ProgramName;
  /** Path below the checkout. */
  readonly entry: string;
  /** Whom it may connect to or listen as: what its own `deno.json` says, for the ports of this platform. */
  readonly net: readonly string[];
  /** Flags beyond the permission set of its own `deno.json`: what depends on paths and ports. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface ProgramOptions {
  /** Absolute path of the development folder. */
  readonly dir: string;
  readonly ports: Ports;
  /** Variables that a test sets for one program. */
  readonly extraEnv?: Readonly<Partial<Record<ProgramName, Readonly<Record<string, string>>>>>;
}

/** All programs of a development platform, in the order in which they are needed; they stop in reverse. */
export function programsOf(options: ProgramOptions): readonly Program[] {
  const programs = [
    psp(options),
    auth(options),
    payment(options),
    orders(options),
    gateway(options),
  ];
  return programs.map(({ name, ...described }) => {
    const env = { ...described.env, ...options.extraEnv?.[name] };
    const net = [...netOf(described, env, options.ports), ...serverAddresses(env)];
    // A flag replaces the whole list of the permission set, so it is given only where that does not fit.
    const fits = options.ports === defaultPorts && net.join() === described.net.join();
    const flags = fits ? described.flags : [...described.flags, `--allow-net=${net.join(",")}`];
    return { ...described, name, program: name, net, flags, env };
  });
}

/** Each names a server by a URL. */
const serverVariables = [
  "AUTH_SMTP_URL",
  "AUTH_MONGODB_URL",
  "PAYMENT_DYNAMODB_ENDPOINT",
  "ORDERS_POSTGRES_URL",
  "REDIS_URL",
  "OIDC_JWKS_URI",
] as const;

function serverAddresses(env: Program["env"]): readonly string[] {
  return serverVariables.flatMap((name) => env[name] === undefined ? [] : new URL(env[name]).host);
}

/**
 * Whom a program may connect to. With Consul, peers are where it says, which is on loopback here, and
 * the addresses that were given for them count for nothing.
 */
function netOf(
  { net }: Pick<Program, "net">,
  { CONSUL_HTTP_ADDR: consul }: Program["env"],
  ports: Ports,
): readonly string[] {
  if (consul === undefined) return net;
  const given = localhost(ports.auth, ports.payment, ports.orders);
  return [...net.filter((address) => !given.includes(address)), new URL(consul).host];
}

/** Another instance of a program, on ports of its own. It finds and is found by discovery, and shares its stores. */
export function replicaOf(program: Program, number: number): Program {
  const prefix = program.program.toUpperCase();
  const { SALLYPORT_DATA_DIR: shared = "" } = program.env;
  const own = `${shared}-${number}`;
  return {
    ...program,
    name: `${program.program}-${number}`,
    flags: program.flags.map((flag) => flag.replaceAll(`${shared}/`, `${own}/`)),
    env: {
      ...program.env,
      SALLYPORT_DATA_DIR: own,
      [`${prefix}_PORT`]: String(freePort()),
      [`${prefix}_ADMIN_PORT`]: String(freePort()),
      ...program.program === "gateway" && { GATEWAY_MTLS_PORT: String(freePort()) },
    },
  };
}

/** A program before it is given what depends on the platform as a whole. */
type Described = Omit<Program, "name" | "program"> & { readonly name: ProgramName };

function psp({ dir, ports }: ProgramOptions): Described {
  const files = [`${dir}/secrets/psp_api_key`, `${dir}/secrets/psp_webhook`];
  return {
    name: "psp",
    entry: "services/psp/main.ts",
    flags: flags({
      read: [...tlsFiles(dir, "psp"), ...files, `${dir}/data/psp`],
      write: [`${dir}/data/psp`],
    }),
    net: ["127.0.0.1", `localhost:${ports.gateway}`],
    env: {
      ...shared({ dir, ports }, "psp"),
      PSP_PORT: String(ports.psp),
      PSP_API_KEY_FILE: `${dir}/secrets/psp_api_key`,
      PSP_WEBHOOK_SECRET_FILE: `${dir}/secrets/psp_webhook`,
      PSP_WEBHOOK_URL: `${localUrl(ports.gateway)}/webhooks/psp`,
    },
  };
}

function auth({ dir, ports, extraEnv }: ProgramOptions): Described {
  const isMailSent = extraEnv?.auth?.["AUTH_SMTP_URL"] !== undefined;
  const keys = `${dir}/keys`;
  const { OIDC_CLIENT_SECRET_FILE: secret } = extraEnv?.auth ?? {};
  const files = {
    OIDC_SIGNING_KEYS_FILE: `${keys}/signing.json`,
    OIDC_COOKIE_KEYS_FILE: `${keys}/cookies.json`,
    OIDC_CLIENTS_FILE: `${keys}/clients.json`,
    ENCRYPTION_KEYS_FILE: `${keys}/encryption_auth.json`,
    DEMO_USERS_FILE: `${keys}/demo_users.json`,
  };
  return {
    name: "auth",
    entry: "services/auth/main.ts",
    flags: flags({
      read: [
        ...tlsFiles(dir, "auth"),
        ...Object.values(files),
        `${dir}/data/auth`,
        `${dir}/data/events/auth.sqlite`,
        ...secret === undefined ? [] : [secret],
        `${dir}/mail`,
        checkout("services/auth"),
      ],
      write: [`${dir}/data/auth`, `${dir}/data/events/auth.sqlite`, `${dir}/mail`],
    }),
    net: ["127.0.0.1"],
    env: {
      ...shared({ dir, ports }, "auth"),
      MTLS_EDGE_URL: localUrl(ports.gatewayMtls),
      AUTH_PORT: String(ports.auth),
      AUTH_ADMIN_PORT: String(ports.authAdmin),
      ...!isMailSent && { AUTH_MAIL_DIR: `${dir}/mail` },
      ...files,
    },
  };
}

function payment({ dir, ports }: ProgramOptions): Described {
  const files = {
    OIDC_CLIENT_SECRET_FILE: `${dir}/secrets/payment_client`,
    PSP_API_KEY_FILE: `${dir}/secrets/psp_api_key`,
    PSP_WEBHOOK_SECRET_FILE: `${dir}/secrets/psp_webhook`,
    ENCRYPTION_KEYS_FILE: `${dir}/keys/encryption_payment.json`,
  };
  return {
    name: "payment",
    entry: "services/payment/main.ts",
    flags: flags({
      read: [
        ...tlsFiles(dir, "payment"),
        ...Object.values(files),
        `${dir}/data/payment`,
        `${dir}/data/events/payment.sqlite`,
        `${dir}/data/events/auth.sqlite`,
      ],
      write: [`${dir}/data/payment`, `${dir}/data/events/payment.sqlite`],
    }),
    net: ["127.0.0.1", ...localhost(ports.auth, ports.orders, ports.psp)],
    env: {
      ...shared({ dir, ports }, "payment"),
      MTLS_EDGE_URL: localUrl(ports.gatewayMtls),
      PAYMENT_PORT: String(ports.payment),
      PAYMENT_ADMIN_PORT: String(ports.paymentAdmin),
      PSP_URL: localUrl(ports.psp),
      OIDC_CLIENT_ID: "payment",
      ...files,
    },
  };
}

function orders({ dir, ports }: ProgramOptions): Described {
  const files = {
    OIDC_CLIENT_SECRET_FILE: `${dir}/secrets/orders_client`,
    ENCRYPTION_KEYS_FILE: `${dir}/keys/encryption_orders.json`,
    DEMO_PRODUCTS_FILE: `${dir}/products.json`,
  };
  return {
    name: "orders",
    entry: "services/orders/main.ts",
    flags: flags({
      read: [
        ...tlsFiles(dir, "orders"),
        ...Object.values(files),
        `${dir}/data/orders`,
        `${dir}/data/events`,
      ],
      write: [`${dir}/data/orders`, `${dir}/data/events/orders.sqlite`],
    }),
    net: ["127.0.0.1", ...localhost(ports.auth, ports.payment)],
    env: {
      ...shared({ dir, ports }, "orders"),
      MTLS_EDGE_URL: localUrl(ports.gatewayMtls),
      ORDERS_PORT: String(ports.orders),
      ORDERS_ADMIN_PORT: String(ports.ordersAdmin),
      OIDC_CLIENT_ID: "orders",
      ...files,
    },
  };
}

/**
 * What passes through the gateway are buffers, and the runtime lets as many of them wait to be collected as its
 * young generation has room for: streams of 100 MB would cost 150 MB instead of 15. The collector's helper threads
 * are for processes that have cores to spare; a worker of the gateway has one, and they would make it wait.
 */
export const gatewayRuntimeFlag = "--v8-flags=--max-semi-space-size=4,--single-threaded-gc";

function gateway({ dir, ports, extraEnv }: ProgramOptions): Described {
  const { GATEWAY_CONFIG_FILE: file = checkout("gateway/gateway.yaml"), GATEWAY_WORKERS: workers } =
    extraEnv?.gateway ?? {};
  // A worker reads its own modules, unlike a main thread: the runtime loads those by the program's rights.
  const modules = workers === undefined ? [] : [checkout("gateway"), checkout("platform")];
  return {
    name: "gateway",
    entry: "gateway/main.ts",
    flags: [
      gatewayRuntimeFlag,
      ...flags({
        read: [
          ...tlsFiles(dir, "gateway"),
          file,
          `${dir}/data/gateway`,
          `${dir}/data/events/auth.sqlite`,
          ...modules,
        ],
        write: [`${dir}/data/gateway`],
      }),
    ],
    net: ["127.0.0.1", ...localhost(ports.auth, ports.payment, ports.orders)],
    env: {
      ...shared({ dir, ports }, "gateway"),
      GATEWAY_PORT: String(ports.gateway),
      GATEWAY_MTLS_PORT: String(ports.gatewayMtls),
      GATEWAY_ADMIN_PORT: String(ports.gatewayAdmin),
      GATEWAY_ADMIN_TLS_PORT: String(ports.gatewayAdminTls),
      GATEWAY_ADMIN_API_PORT: String(ports.gatewayAdminApi),
      GATEWAY_CONFIG_FILE: file,
    },
  };
}

function shared({ dir, ports }: ProgramOptions, name: ProgramName): Record<string, string> {
  return {
    SALLYPORT_ENV: "development",
    SALLYPORT_DATA_DIR: `${dir}/data`,
    EDGE_URL: localUrl(ports.gateway),
    AUTH_URL: localUrl(ports.auth),
    PAYMENT_URL: localUrl(ports.payment),
    ORDERS_URL: localUrl(ports.orders),
    TLS_CERT_FILE: `${dir}/tls/${name}/cert.pem`,
    TLS_KEY_FILE: `${dir}/tls/${name}/key.pem`,
    TLS_CA_FILE: `${dir}/tls/ca.pem`,
    TLS_REVOKED_FILE: `${dir}/tls/revoked.json`,
  };
}

function tlsFiles(dir: string, name: ProgramName): string[] {
  return [`${dir}/tls/${name}`, `${dir}/tls/ca.pem`, `${dir}/tls/revoked.json`];
}

function localhost(...ports: readonly number[]): string[] {
  return ports.map((port) => `localhost:${port}`);
}

function flags(
  rights: { readonly read: string[]; readonly write: string[] },
): string[] {
  return Object.entries(rights)
    .filter(([, values]) => values.length > 0)
    .map(([kind, values]) => `--allow-${kind}=${values.join(",")}`);
}

function checkout(path: string): string {
  return new URL(`../../${path}`, import.meta.url).pathname;
}
