import { Layout, type Markup, Sheet } from "./layout.tsx";

export interface ConsentPageProps {
  readonly clientName: string;
  /** Where the answer goes: the host of the redirect URI, or its scheme if it has none. */
  readonly destination: string;
  readonly email: string;
  /** What the client will be able to do, in words. */
  readonly rights: readonly string[];
}

/** Asks whether somebody else's client may act for the person. It posts `consent`: `allow` or `deny`. */
export function consentPage(
  { clientName, destination, email, rights }: ConsentPageProps,
): Markup {
  return (
    <Layout title="Allow access">
      <Sheet title="Allow access?">
        <p>
          <strong>{clientName}</strong> wants to use your account <strong>{email}</strong>.
        </p>
        <p>It would be able to:</p>
        <ul class="list">{rights.map((right) => <li>{right}</li>)}</ul>
        <p class="quiet">
          Your answer goes to{" "}
          <strong>{destination}</strong>. If you do not know this place, deny. You can take your
          permission back on your account page at any time.
        </p>
        <form method="post">
          <div class="actions side">
            <button type="submit" name="consent" value="allow">Allow</button>
            <button type="submit" name="consent" value="deny" class="plain">Deny</button>
          </div>
        </form>
      </Sheet>
    </Layout>
  );
}
