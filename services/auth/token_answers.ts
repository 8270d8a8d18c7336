import { createHash } from "node:crypto";
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, type JWK } from "jose";
import { z } from "zod";
import { pause } from "platform/lifecycle";
import { artifactKey } from "./artifact_key.ts";
import { clientIdOf } from "./client_id.ts";
import type { FormFields } from "./form_body.ts";
import type { OidcRequest } from "./interaction.ts";
import type { GrantStore, UserStore } from "./ports.ts";
import { type PostedForm, readPostedForm } from "./posted_form.ts";
import {
  firstAnswersWithinMs,
  OthersAnswerError,
  RefreshGrace,
  refreshTurn,
} from "./refresh_grace.ts";
import type { LibraryHandler } from "./token_endpoints.ts";

const pollMsMin = 25;
const pollMsMax = 200;

/** What is looked at of an answer of the token endpoint. */
const TokenAnswer = z.looseObject({
  "access_token": z.string(),
  "refresh_token": z.string().optional(),
});
const OwnClaims = z.object({ sub: z.string(), "security_version": z.int().optional() });

export interface TokenAnswersDependencies {
  readonly grants: GrantStore;
  readonly users: UserStore;
  readonly now: () => Date;
}

/**
 * The token endpoint, around the library's: a refresh may be asked for twice, and no answer goes out that
 * a change of the account has overtaken while it was made.
 */
export class TokenAnswers {
  readonly #dependencies: TokenAnswersDependencies;
  readonly #grace: RefreshGrace;

  constructor(dependencies: TokenAnswersDependencies) {
    this.#dependencies = dependencies;
    this.#grace = new RefreshGrace(dependencies);
  }

  async answer(c: OidcRequest, library: LibraryHandler): Promise<Response> {
    const form = await readPostedForm(c.req.raw);
    const { grant_type: grantType, refresh_token: token } = form.fields;
    if (grantType !== "refresh_token" || !token) {
      return await this.#checked(await library(form.again()));
    }
    return await this.#refresh(c, form, token, library);
  }

  async #refresh(
    c: OidcRequest,
    form: PostedForm,
    token: string,
    library: LibraryHandler,
  ): Promise<Response> {
    const turn = { isLate: false };
    const response = await refreshTurn.run(turn, () => library(form.again()));
    if (!turn.isLate && response.status !== 200) return response;
    const context = await contextOf(c, form.fields);
    if (turn.isLate) {
      await response.body?.cancel();
      const { signal } = c.req.raw;
      const told = { headers: response.headers, signal };
      return await this.#firstAnswer(token, context, told).catch(ifOthers);
    }
    const checked = await this.#checked(response);
    if (checked.status !== 200) return checked;
    const answer = await checked.text();
    const { refresh_token: successor } = TokenAnswer.parse(JSON.parse(answer));
    try {
      const kept = await this.#grace.keep(token, { answer, context, successor });
      return kept === undefined ? comeAgain() : answerOf(kept, checked.headers);
    } catch (thrown) {
      return ifOthers(thrown);
    }
  }

  /** What whoever was first is told, or has been. */
  async #firstAnswer(
    token: string,
    context: string,
    { headers, signal }: { readonly headers: Headers; readonly signal: AbortSignal },
  ): Promise<Response> {
    const timeUpMs = performance.now() + firstAnswersWithinMs;
    for (let waitMs = pollMsMin;; waitMs = Math.min(pollMsMax, waitMs * 2)) {
      const answer = await this.#grace.answerTo(token, context);
      if (answer !== undefined) return answerOf(answer, headers);
      // It may have died. Who comes again can step in.
      if (performance.now() > timeUpMs) return comeAgain();
      await pause(waitMs, signal);
    }
  }

  /**
   * Rights that were taken away while the answer was made are taken away first: grants that are put after
   * that are found here, and those from before it went with the change.
   */
  async #checked(response: Response): Promise<Response> {
    if (response.status !== 200) return response;
    const text = await response.text();
    const answer = TokenAnswer.safeParse(JSON.parse(text));
    if (answer.success && await this.#isOvertaken(answer.data)) return invalidGrant();
    return new Response(text, { status: 200, headers: response.headers });
  }

  async #isOvertaken(
    { access_token: access, refresh_token: refresh }: z.output<typeof TokenAnswer>,
  ): Promise<boolean> {
    const { sub, security_version: version } = OwnClaims.parse(decodeJwt(access));
    // Of a program that acts for itself.
    if (version === undefined) return false;
    const { users, grants } = this.#dependencies;
    const account = await users.find(sub, { owner: sub });
    if (account?.status === "active" && (account.securityVersion ?? 0) === version) return false;
    if (refresh !== undefined) {
      const kept = await grants.find(await artifactKey("RefreshToken", "id", refresh));
      if (kept?.grantId !== undefined) await grants.revokeGrant(kept.grantId);
    }
    return true;
  }
}

/** Who asks for what: the client, its key or certificate, and the parameters that change the answer. */
async function contextOf(c: OidcRequest, fields: FormFields): Promise<string> {
  const { headers } = c.req.raw;
  const proof = headers.get("dpop");
  const key = proof && await calculateJwkThumbprint(decodeProtectedHeader(proof).jwk as JWK);
  const parts = [
    clientIdOf(headers, fields),
    key ?? "",
    c.env?.clientCertificate?.names.thumbprint ?? "",
    fields["scope"] ?? "",
    fields["resource"] ?? "",
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}

function answerOf(answer: string, from: Headers): Response {
  const headers = new Headers(from);
  headers.delete("content-length");
  headers.set("content-type", "application/json; charset=utf-8");
  return new Response(answer, { status: 200, headers });
}

function ifOthers(thrown: unknown): Response {
  if (!(thrown instanceof OthersAnswerError)) throw thrown;
  return invalidGrant();
}

function invalidGrant(): Response {
  const problem = { error: "invalid_grant", "error_description": "grant request is invalid" };
  return Response.json(problem, { status: 400, headers: { "cache-control": "no-store" } });
}

function comeAgain(): Response {
  const problem = { error: "temporarily_unavailable", "error_description": "ask again" };
  const headers = { "cache-control": "no-store", "retry-after": "1" };
  return Response.json(problem, { status: 503, headers });
}
