import { makePrivateDir, readIfThere, writePrivateFile } from "certs/private-file";

/**
 * Copies the files that a program's variables name, from `dir` to the same places in `target`. Those of
 * its certificate are {@linkcode giveLeaf}'s.
 */
export async function giveFiles(
  dir: string,
  env: Readonly<Record<string, string>>,
  target: string,
): Promise<void> {
  const paths = Object.values(env).filter((value) => value.startsWith(`${dir}/`))
    .map((path) => path.slice(dir.length + 1))
    .filter((path) => !path.startsWith("tls/"));
  for (const path of paths) {
    const { isFile } = await Deno.stat(`${dir}/${path}`);
    if (isFile) await giveText(await Deno.readTextFile(`${dir}/${path}`), `${target}/${path}`);
  }
}

/** Copies the leaf of `name`, its key, the CA and the denylist; and leaf and key in one file, as some servers want them. */
export async function giveLeaf(tlsDir: string, name: string, target: string): Promise<void> {
  const read = (path: string) => Deno.readTextFile(`${tlsDir}/${path}`);
  const [cert, key] = await Promise.all([read(`${name}/cert.pem`), read(`${name}/key.pem`)]);
  // Who reads between the writes finds a key that does not fit, and looks again.
  await giveText(await read("ca.pem"), `${target}/ca.pem`);
  await giveText(await read("revoked.json"), `${target}/revoked.json`);
  await giveText(key, `${target}/key.pem`);
  await giveText(cert, `${target}/cert.pem`);
  await giveText(cert + key, `${target}/both.pem`);
}

/** What stands at `path` already is not written again: who watches it has nothing to do. */
export async function giveText(text: string, path: string): Promise<void> {
  if (await readIfThere(path) === text) return;
  await makePrivateDir(path.slice(0, path.lastIndexOf("/")));
  await writePrivateFile(path, text);
}
