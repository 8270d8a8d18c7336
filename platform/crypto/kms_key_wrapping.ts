import {
  DecryptCommand,
  EncryptCommand,
  KMSClient,
  type KMSClientConfig,
  KMSServiceException,
} from "@aws-sdk/client-kms";
import type { Secret } from "platform/config";
import { type KeyContext, type KeyWrapping, KeyWrappingError } from "./key_wrapping.ts";

const defaultTimeoutMs = 10_000;
/** The SDK waits between them, so that a throttled start is not a failed one. */
const attemptsMax = 3;

/** Where KMS is, as whom it is asked, and by which of its keys. */
export interface KmsConfig {
  /** Id, ARN or alias of the key that wraps. */
  readonly keyId: string;
  readonly region: string;
  /** Another place than AWS's own for the region. */
  readonly endpoint?: string | undefined;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: Secret;
    readonly sessionToken?: Secret | undefined;
  };
  readonly timeoutMs?: number;
}

/**
 * Keys are wrapped by a key that never leaves AWS KMS; service and key id are the encryption context, so that
 * an entry moved to another ring or id does not unwrap.
 *
 * @see {@link https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html | Encryption context}
 */
export class KmsKeyWrapping implements KeyWrapping {
  readonly #client: KMSClient;
  readonly #keyId: string;
  readonly #timeoutMs: number;

  constructor(config: KmsConfig) {
    this.#client = new KMSClient(settingsOf(config));
    this.#keyId = config.keyId;
    this.#timeoutMs = config.timeoutMs ?? defaultTimeoutMs;
  }

  async wrap(key: Uint8Array, context: KeyContext): Promise<Uint8Array> {
    const command = new EncryptCommand({ ...this.#named(context), Plaintext: key });
    const { CiphertextBlob } = await this.#send(() =>
      this.#client.send(command, { abortSignal: AbortSignal.timeout(this.#timeoutMs) })
    );
    return present(CiphertextBlob);
  }

  async unwrap(wrapped: Uint8Array, context: KeyContext): Promise<Uint8Array> {
    const command = new DecryptCommand({ ...this.#named(context), CiphertextBlob: wrapped });
    const { Plaintext } = await this.#send(() =>
      this.#client.send(command, { abortSignal: AbortSignal.timeout(this.#timeoutMs) })
    );
    return present(Plaintext);
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  #named({ service, keyId }: KeyContext): {
    readonly KeyId: string;
    readonly EncryptionContext: Record<string, string>;
  } {
    return {
      KeyId: this.#keyId,
      EncryptionContext: { "sallyport:service": service, "sallyport:key": keyId },
    };
  }

  async #send<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (cause) {
      if (isForbidden(cause)) {
        const message = "This process has no right to connect to KMS";
        throw new KeyWrappingError("refused", message, { cause });
      }
      if (
        cause instanceof KMSServiceException && cause.$fault === "client" && !isThrottled(cause)
      ) {
        throw new KeyWrappingError("refused", `KMS refuses: ${cause.name}`, { cause });
      }
      throw new KeyWrappingError("unavailable", "KMS does not answer", { cause });
    }
  }
}

/** Everything that the SDK would look for in files and variables that a program has no right to. */
function settingsOf({ region, endpoint, credentials }: KmsConfig): KMSClientConfig {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    region,
    ...endpoint !== undefined && { endpoint },
    credentials: {
      accessKeyId,
      secretAccessKey: secretAccessKey.reveal(),
      ...sessionToken && { sessionToken: sessionToken.reveal() },
    },
    maxAttempts: attemptsMax,
    retryMode: "standard",
    defaultsMode: "standard",
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    authSchemePreference: ["sigv4"],
    disableClockSkewCorrection: false,
    userAgentAppId: "sallyport",
    defaultUserAgentProvider: () => Promise.resolve([["sallyport", "1"]]),
  };
}

/** Deno tells a right that is missing by an error of its own, and where a name is looked up by Node's. */
function isForbidden(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.NotCapable ||
    (thrown instanceof Error && "code" in thrown && thrown.code === "EPERM");
}

function isThrottled({ name }: KMSServiceException): boolean {
  return name === "ThrottlingException" || name === "LimitExceededException";
}

function present(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes) return bytes;
  throw new KeyWrappingError("unavailable", "KMS answers without what it was asked for");
}
