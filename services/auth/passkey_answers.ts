import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { z } from "zod";
import { AuthError } from "./domain/mod.ts";

const Base64Url = z.string().regex(/^[A-Za-z0-9_-]*$/).max(12_288);

const Credential = {
  id: Base64Url.min(1),
  rawId: Base64Url.min(1),
  type: z.literal("public-key"),
};

/** What a browser has of an authenticator that made a passkey, in its own JSON. */
const Registration = z.object({
  ...Credential,
  response: z.object({
    clientDataJSON: Base64Url,
    attestationObject: Base64Url,
    transports: z.array(z.string().max(32)).max(10).default([]),
  }),
});

/** What a browser has of an authenticator that signed. */
const Assertion = z.object({
  ...Credential,
  response: z.object({
    clientDataJSON: Base64Url,
    authenticatorData: Base64Url,
    signature: Base64Url,
    userHandle: Base64Url.nullish(),
  }),
});

/** What the browser says that it has asked, and which the authenticator has signed. */
const ClientData = z.object({
  challenge: z.string().min(1).max(512),
  // A page of another site may ask through a frame: our pages are shown in none.
  crossOrigin: z.literal(false).optional(),
});

/** An answer of a browser to a challenge. What it says is checked by nobody yet. */
export interface PasskeyAnswer<Response> {
  readonly challenge: string;
  readonly response: Response;
}

/** @throws {AuthError} `passkey_refused` */
export function parseRegistration(json: string): PasskeyAnswer<RegistrationResponseJSON> {
  const parsed = Registration.safeParse(parseJson(json));
  if (!parsed.success) throw passkeyRefused(parsed.error);
  const { response } = parsed.data;
  const answer = { ...parsed.data, clientExtensionResults: {} } as RegistrationResponseJSON;
  return { challenge: challengeOf(response.clientDataJSON), response: answer };
}

/** @throws {AuthError} `passkey_refused` */
export function parseAssertion(json: string): PasskeyAnswer<AuthenticationResponseJSON> {
  const parsed = Assertion.safeParse(parseJson(json));
  if (!parsed.success) throw passkeyRefused(parsed.error);
  const { response: { userHandle, ...signed }, ...credential } = parsed.data;
  const response = { ...signed, ...userHandle ? { userHandle } : {} };
  const answer = { ...credential, response, clientExtensionResults: {} };
  return { challenge: challengeOf(signed.clientDataJSON), response: answer };
}

export function passkeyRefused(cause?: unknown): AuthError {
  const message = "The passkey was not accepted";
  return new AuthError("passkey_refused", message, undefined, { cause });
}

export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(text, { alphabet: "base64url" });
}

function challengeOf(clientDataJson: string): string {
  const parsed = ClientData.safeParse(parseJson(textOf(clientDataJson)));
  if (!parsed.success) throw passkeyRefused(parsed.error);
  return parsed.data.challenge;
}

/** @throws {AuthError} `passkey_refused` when it is no base64url. */
export function textOf(base64Url: string): string {
  try {
    return new TextDecoder().decode(decodeBase64Url(base64Url));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) throw passkeyRefused(thrown);
    throw thrown;
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (thrown) {
    throw passkeyRefused(thrown);
  }
}
