import { AccountPages } from "./account.ts";
import { AccountAccess } from "./account_access.ts";
import { Applications } from "./applications.ts";
import { FactorPages } from "./factor_pages.ts";
import type { FormGuard } from "./form_guard.ts";
import type { InteractionDependencies, OidcRequest } from "./interaction.ts";
import type { OidcOperation } from "./oidc_endpoints.ts";
import { OneTimeLinks } from "./one_time_links.ts";
import type { PasswordChangeDependencies } from "./password_change.ts";
import { Passkeys } from "./passkeys.ts";
import { PasswordReset } from "./password_reset.ts";
import type { GrantStore } from "./ports.ts";
import { SessionVisits } from "./session_visits.ts";
import { SignUp } from "./sign_up.ts";
import { TotpSetups } from "./totp_setups.ts";

export interface PeopleDependencies
  extends Omit<InteractionDependencies, "guard">, PasswordChangeDependencies {
  readonly grants: GrantStore;
  readonly newId: () => string;
}

type PageHandler = (c: OidcRequest) => Promise<Response>;

/** The pages on which people make an account, come back to it and look after it. */
export function peoplePages(
  dependencies: PeopleDependencies & { readonly guard: FormGuard },
): Partial<Record<OidcOperation, PageHandler>> {
  const links = new OneTimeLinks(dependencies);
  const visits = new SessionVisits(dependencies);
  const signUp = new SignUp({ ...dependencies, links });
  const reset = new PasswordReset({ ...dependencies, links });
  const access = new AccountAccess({ ...dependencies, visits });
  const applications = new Applications(dependencies);
  const account = new AccountPages({ ...dependencies, access, visits, applications });
  const passkeys = new Passkeys(dependencies);
  const setups = new TotpSetups(dependencies);
  const factors = new FactorPages({ ...dependencies, access, passkeys, setups });
  return {
    showSignUp: (c) => signUp.show(c),
    submitSignUp: (c) => signUp.submit(c),
    showSignUpLink: (c) => signUp.showLink(c),
    submitSignUpLink: (c) => signUp.submitLink(c),
    showForgot: (c) => reset.showForgot(c),
    submitForgot: (c) => reset.submitForgot(c),
    showReset: (c) => reset.showReset(c),
    submitReset: (c) => reset.submitReset(c),
    showProfile: (c) => account.showProfile(c),
    changeProfile: (c) => account.changeProfile(c),
    showPassword: (c) => account.showPassword(c),
    changePassword: (c) => account.changePassword(c),
    showFactors: (c) => factors.show(c),
    changeFactors: (c) => factors.change(c),
    passkeyCreation: (c) => factors.creationOptions(c),
    showSessions: (c) => account.showSessions(c),
    endBrowserSession: (c) => account.endSession(c),
    showApplications: (c) => account.showApplications(c),
    disconnectApplication: (c) => account.disconnect(c),
  };
}
