import tls from "node:tls";
import { once } from "node:events";
import { aMutualServer, anAuthority, anEdge, connect, TestIdentity } from "./tls_fixture.ts";
import { openTrustedFetch } from "platform/tls";
Deno.test({
  name: "probe",
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const ca = await anAuthority();
    const other = await anAuthority();
    const id = new TestIdentity(await ca.leaf("orders"), ca);
    await using edge = await anEdge({ identity: id });
    await using mutual = await aMutualServer({ identity: id });
    const gw = await ca.leaf("gateway");
    const ctx = tls.createSecureContext({ ca: ca.pem.cert });
    let sess: Uint8Array | undefined;
    {
      const c = await connect(edge, { secureContext: ctx, ca: ca.pem.cert });
      c.socket.on("session", (s) => {
        sess = s;
      });
      c.get();
      await c.hears("ok");
      console.log(
        "session",
        sess?.length,
        c.socket.getSession()?.length,
        c.socket.isSessionReused(),
      );
      c.socket.destroy();
    }
    {
      const c = await connect(edge, {
        secureContext: ctx,
        ca: ca.pem.cert,
        session: sess as Buffer | undefined,
      });
      c.get();
      await c.hears("ok");
      console.log("reuse edge", c.socket.isSessionReused());
      c.socket.destroy();
    }
    {
      try {
        const c = await connect(mutual, {
          secureContext: ctx,
          ca: ca.pem.cert,
          session: sess as Buffer | undefined,
        });
        console.log("mutual reused", c.socket.isSessionReused());
        c.get();
        await c.hears("ok");
        console.log("MUTUAL ANSWERED");
      } catch (e) {
        console.log("mutual:", (e as Error).message);
      }
    }
    await using t = openTrustedFetch({ ca: ca.pem.cert });
    for (const h of ["localhost", "127.0.0.1"]) {
      console.log(h, await (await t.fetch(`https://${h}:${edge.port}/`)).text());
    }
    const bad = new TestIdentity(
      await ca.oddLeaf({
        names: [{ type: "dns", value: "x, DNS:localhost, IP Address:127.0.0.1" }],
      }),
      ca,
    );
    await using evil = await anEdge({ identity: bad });
    for (const h of ["localhost", "127.0.0.1"]) {
      console.log(
        h,
        await t.fetch(`https://${h}:${evil.port}/`).then((r) => r.text(), (e) => e.message),
      );
    }
  },
});
