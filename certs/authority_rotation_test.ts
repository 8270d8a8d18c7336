import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { ensureCertificates, renew, revoke, rotateAuthority } from "./store.ts";

const start = new Date("2030-01-01T00:00:00Z");
const programs = ["auth", "orders"];
const overlapSeconds = 10;

class StoppedHere extends Error {}

/** A folder of certificates, a clock, and what programs hold who looked at the folder some time ago. */
class Folder implements AsyncDisposable {
  #seconds = 0;
  #held: Contents | undefined;

  private constructor(readonly parent: string) {}

  static async make(): Promise<Folder> {
    const folder = new Folder(await Deno.makeTempDir());
    await folder.ensure();
    return folder;
  }

  get dir(): string {
    return `${this.parent}/tls`;
  }

  get now(): Date {
    return new Date(start.getTime() + this.#seconds * 1000);
  }

  ensure() {
    return ensureCertificates(this.dir, programs, this.now);
  }

  rotate(): Promise<void> {
    return rotateAuthority(this.dir, overlapSeconds, this.now);
  }

  async contents(): Promise<Contents> {
    const pems = (await Deno.readTextFile(`${this.dir}/ca.pem`)).split(/(?<=-----END.*-----\n)/);
    const trusted = pems.map((pem) => new X509Certificate(pem));
    const leaves = programs.map(async (program) =>
      new X509Certificate(await Deno.readTextFile(`${this.dir}/${program}/cert.pem`))
    );
    return { trusted, leaves: await Promise.all(leaves) };
  }

  /** Time passes, and every program takes up what lies there now. */
  async later(seconds: number): Promise<void> {
    this.#held = await this.contents();
    this.#seconds += seconds;
  }

  /** Programs that have looked accept those that have not, and the other way round. */
  async isCoherent(): Promise<void> {
    const fresh = await this.contents();
    const held = this.#held ?? fresh;
    for (const [of, by] of [[fresh, fresh], [fresh, held], [held, fresh]] as const) {
      for (const leaf of of.leaves) {
        ok(by.trusted.some((ca) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey)));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.parent, { recursive: true });
  }
}

interface Contents {
  readonly trusted: readonly X509Certificate[];
  readonly leaves: readonly X509Certificate[];
}

/** Does `act`, and looks with `afterWrite` each time that it has replaced a file. */
async function watched(
  act: () => Promise<unknown>,
  afterWrite: (path: string) => Promise<void>,
): Promise<void> {
  const { rename } = Deno;
  Deno.rename = async (from, to) => {
    await rename(from, to);
    await afterWrite(String(to));
  };
  try {
    await act();
  } finally {
    Deno.rename = rename;
  }
}

Deno.test("A CA is replaced in three phases, and after each write every program accepts every other", async () => {
  await using folder = await Folder.make();
  const before = await folder.contents();
  let writes = 0;
  const look = () => {
    writes++;
    return folder.isCoherent();
  };
  await folder.later(60);
  await watched(() => folder.rotate(), look);
  const phases: unknown[] = [];
  for (let run = 0; run < 8; run++) {
    await watched(async () => {
      const { authority, issued } = await folder.ensure();
      phases.push(issued.length > 0 ? `${authority}, ${issued.length} leaves` : authority);
    }, look);
    await folder.later(overlapSeconds / 2);
  }
  deepEqual(phases, [
    "kept",
    "kept",
    "signing, 2 leaves",
    "kept",
    "leaving",
    "kept",
    "replaced",
    "kept",
  ]);
  ok(writes > 8);
  const { trusted } = await folder.contents();
  equal(trusted.length, 1);
  equal(before.trusted[0]!.publicKey.equals(trusted[0]!.publicKey), false);
});

Deno.test("A replacement that is stopped after any write goes on, and nobody is refused for it", async () => {
  let wasStopped = true;
  for (let stopAfter = 1; wasStopped; stopAfter++) {
    await using folder = await Folder.make();
    await folder.later(60);
    wasStopped = false;
    let writes = 0;
    const look = async () => {
      await folder.isCoherent();
      wasStopped = ++writes >= stopAfter;
      if (writes === stopAfter) throw new StoppedHere();
    };
    const attempt = (act: () => Promise<unknown>) =>
      watched(act, look).catch((thrown) => {
        if (!(thrown instanceof StoppedHere)) throw thrown;
      });
    await attempt(() => folder.rotate());
    await attempt(() => folder.rotate());
    for (let run = 0; run < 6; run++) {
      await attempt(() => folder.ensure());
      await folder.isCoherent();
      // Whoever was stopped comes back late: by then the phase would have been over.
      await folder.later(overlapSeconds);
    }
    const { trusted } = await folder.contents();
    equal(trusted.length, 1, `stopped after ${stopAfter} writes`);
    equal((await folder.ensure()).rotation, undefined);
  }
});

Deno.test("No phase ends before programs had its time to take up the last leaf that changed its CA", async () => {
  await using folder = await Folder.make();
  await folder.rotate();
  await folder.later(overlapSeconds);
  const stopAtLeaf = (path: string) =>
    path.endsWith("/cert.pem") ? Promise.reject(new StoppedHere()) : Promise.resolve();
  await rejects(() => watched(() => folder.ensure(), stopAtLeaf), StoppedHere);
  await folder.later(overlapSeconds);
  deepEqual((await folder.ensure()).issued, ["orders"]);
  await folder.later(overlapSeconds - 1);
  equal((await folder.ensure()).authority, "kept");
  await folder.later(1);
  equal((await folder.ensure()).authority, "leaving");
});

Deno.test("Leaves that are renewed or revoked in between hold up no phase", async () => {
  await using folder = await Folder.make();
  await folder.rotate();
  for (const phase of ["introduced", "signing", "leaving"]) {
    equal((await folder.ensure()).rotation?.phase, phase);
    await folder.later(overlapSeconds - 1);
    await renew(folder.dir, ["auth"], folder.now);
    await revoke(folder.dir, "orders", folder.now);
    await folder.isCoherent();
    await folder.later(1);
  }
  equal((await folder.ensure()).authority, "replaced");
});

Deno.test("A CA in the last third of its life is replaced by itself, with a week for each phase", async () => {
  await using folder = await Folder.make();
  const day = 86_400;
  await folder.later(59 * day);
  equal((await folder.ensure()).authority, "kept");
  await folder.later(2 * day);
  const seen: string[] = [];
  for (let days = 0; days < 30; days++) {
    const { authority } = await folder.ensure();
    if (authority !== "kept") seen.push(`${days} ${authority}`);
    await folder.later(day);
  }
  deepEqual(seen, ["0 introduced", "7 signing", "14 leaving", "21 replaced"]);
});

Deno.test("Where little is left of the old CA's life, the phases are as short as that demands", async () => {
  await using folder = await Folder.make();
  await folder.later(90 * 86_400 - 60);
  deepEqual((await folder.ensure()).rotation?.overlapSeconds, 20);
});

Deno.test("A replacement that began by itself is hastened by the command", async () => {
  await using folder = await Folder.make();
  await folder.later(61 * 86_400);
  await folder.ensure();
  await folder.rotate();
  await folder.later(overlapSeconds);
  equal((await folder.ensure()).authority, "signing");
});

Deno.test("An overlap that programs cannot keep up with is refused", async () => {
  await using folder = await Folder.make();
  for (const seconds of [0, 2, NaN, 8 * 86_400]) {
    await rejects(() => rotateAuthority(folder.dir, seconds, start), RangeError);
  }
});
