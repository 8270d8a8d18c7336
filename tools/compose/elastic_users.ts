/** Gives Kibana's user the password that Kibana has: `elastic_users.ts <folder>`. */
const timeoutMs = 10_000;

const [folder] = Deno.args;
const read = async (name: string) => (await Deno.readTextFile(`${folder}/${name}`)).trim();
using client = Deno.createHttpClient({ caCerts: [await read("tls/ca.pem")] });
const response = await fetch("https://elasticsearch:9200/_security/user/kibana_system/_password", {
  client,
  method: "POST",
  headers: {
    "authorization": `Basic ${btoa(`elastic:${await read("secrets/elastic")}`)}`,
    "content-type": "application/json",
  },
  body: JSON.stringify({ password: await read("secrets/kibana_system") }),
  signal: AbortSignal.timeout(timeoutMs),
});
if (!response.ok) throw new Error(`Cannot set password: Elasticsearch answered ${response.status}`);
