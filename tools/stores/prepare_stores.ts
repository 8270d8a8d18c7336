import { runtimeEnv } from "../platform/runtime_env.ts";

/** What an operator does before the programs start for the first time: the task, and as whom it is done. */
const preparations = [
  { task: "migrate", program: "orders" },
  { task: "tables", program: "payment" },
] as const;

/**
 * Runs `deno task migrate` and `deno task tables` on the servers that `variables` name: afterwards the
 * programs find the schemas that they know.
 *
 * @param tlsDir of `certs/`, with leaves of `orders` and `payment`.
 * @throws with what a task has said when it fails.
 */
export async function prepareStores(
  variables: Readonly<Record<string, string>>,
  tlsDir: string,
): Promise<void> {
  await Promise.all(preparations.map(async ({ task, program }) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        `-P=${task}`,
        new URL(`../${task}.ts`, import.meta.url).pathname,
      ],
      clearEnv: true,
      env: {
        ...runtimeEnv(),
        ...variables,
        TLS_CERT_FILE: `${tlsDir}/${program}/cert.pem`,
        TLS_KEY_FILE: `${tlsDir}/${program}/key.pem`,
        TLS_CA_FILE: `${tlsDir}/ca.pem`,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { code, stdout, stderr } = await command.output();
    if (code === 0) return;
    const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    throw new Error(`Cannot prepare stores: "${task}" ended with ${code}\n${said}`);
  }));
}
