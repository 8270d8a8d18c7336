import type { Reach } from "platform/access";
import type { Page, PageQuery } from "platform/http";
import type { WorkStore } from "platform/work";
import type {
  Account,
  AccountChange,
  AttemptKind,
  AuditEntry,
  AuditEvent,
  AuditIntegrity,
  LoginAttempt,
  QueuedMail,
  User,
  UserId,
} from "./domain/mod.ts";

/**
 * Where people are kept. Each method is one transaction.
 * An account outside `reach` is treated as absent, by every method of every adapter.
 */
export interface UserStore {
  /**
   * Adds an account, and its event to those that are told to others.
   *
   * @throws {AuthError} `email_taken` when another account has the address, whatever its case.
   */
  insert(change: AccountChange): Promise<User>;

  find(id: string, reach: Reach): Promise<Account | undefined>;

  /** For signing in: the caller is nobody yet, so there is no reach. The case of `email` is ignored. */
  findByEmail(email: string): Promise<Account | undefined>;

  /** Newest first. */
  list(reach: Reach, query: PageQuery): Promise<Page<User>>;

  /**
   * Replaces the account by what `change` makes of it, and adds the event to those that are told,
   * with no other write in between. When `change` throws, nothing is written and the error is passed
   * on; when it gives back the very account it was given, nothing is written either.
   *
   * @returns the account as it is then, or undefined when there is none within reach.
   */
  update(
    id: UserId,
    reach: Reach,
    change: (account: Account) => AccountChange,
    options?: UpdateOptions,
  ): Promise<User | undefined>;
}

/** Where one person is looked at and not changed. It may be a copy, but never one older than a change that was answered. */
export interface UserReads {
  find(id: string, reach: Reach): Promise<User | undefined>;
}

export interface UpdateOptions {
  /**
   * The account's sessions, grants, codes and refresh tokens are gone as soon as the change is in force,
   * and in the same transaction; also when there is nothing to tell. When `change` throws, they stay.
   */
  readonly revokesGrants?: boolean;
}

/** Slows down who guesses passwords and codes, by the rules of {@linkcode attemptLimits}. */
export interface SignInAttempts {
  /**
   * Counts a failure at once, so that many attempts at a time count as many.
   *
   * @param email key of the account, as it was typed in: whether there is one makes no difference.
   * @param address network that the attempt comes from.
   * @param kind what is tried, a password when it is not said; kinds are counted apart.
   * @throws {AuthError} `too_many_attempts` while a wait is on; asking during the wait does not lengthen it.
   */
  begin(
    email: string,
    address: string,
    at: Date,
    kind?: AttemptKind,
  ): LoginAttempt | Promise<LoginAttempt>;
}

/** Turns passwords into hashes that are slow to guess from. All throw {@linkcode AuthError} `busy`. */
export interface Passwords {
  /** @returns a PHC string, salted. */
  hash(password: string): Promise<string>;
  /** Without a hash, does the same work and says no: time must not tell whether an account exists. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

/**
 * Something the authorization server has given out or has begun: a code, a refresh token, a grant,
 * a session, a sign-in under way. Whoever presents its id has it, so ids are never kept: only hashes.
 */
export interface Artifact {
  /** Hash of its kind and id: the one name it has here. */
  readonly key: string;
  /** Hash of a second name, by which sessions are found. */
  readonly uidKey?: string | undefined;
  /** Hash of the short code by which a device's sign-in is found. */
  readonly userCodeKey?: string | undefined;
  /** The family it belongs to: what one consent led to. */
  readonly grantId?: string | undefined;
  /** The person on whose behalf it was given out. */
  readonly owner?: string | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
  /** From then on it may be gone. Finding it does not check this. */
  readonly expiresAt: Date;
}

export interface FoundArtifact extends Artifact {
  /** When {@linkcode GrantStore.consumeOnce} has succeeded for it, by the one who did. */
  readonly consumedAt: Date | undefined;
}

/** Where grants and what belongs to them are kept. Each method is one transaction. */
export interface GrantStore {
  /**
   * Keeps the artifact, in place of the one with the same key. Whether that was consumed stays so. One of a
   * family that was revoked is not there afterwards.
   */
  put(artifact: Artifact): Promise<void>;
  find(key: string): Promise<FoundArtifact | undefined>;
  findByUid(uidKey: string): Promise<FoundArtifact | undefined>;
  findByUserCode(userCodeKey: string): Promise<FoundArtifact | undefined>;
  /**
   * Uses the artifact up. However many call it at once, it succeeds for exactly one of them, also
   * after the artifact itself is gone, until `rememberUntil`. `at` is kept with it.
   */
  consumeOnce(key: string, rememberUntil: Date, at: Date): Promise<boolean>;
  /** What was given out on behalf of the person, {@linkcode artifactsListedMax} at most, the longest lived first. */
  listByOwner(owner: string): Promise<readonly FoundArtifact[]>;
  destroy(key: string): Promise<void>;
  /** Destroys every artifact of the family, for good: nothing of it is put any more. */
  revokeGrant(grantId: string): Promise<void>;
  /** Destroys every artifact of the person: sessions, grants, codes and refresh tokens. */
  revokeOwner(owner: string): Promise<void>;
  /** Forgets what has expired by `at`. @returns how many artifacts. */
  sweep(at: Date): Promise<number>;
}

/** More than one person has of sessions, grants, and tokens of them. */
export const artifactsListedMax = 1_000;

/** Mail that waits to be sent. It is there before anyone is answered, and outlives a crash. */
export interface MailStore extends WorkStore<string, QueuedMail> {
  add(mail: QueuedMail): Promise<void>;
  /** It was sent, or is of no use any more. */
  remove(id: string): Promise<void>;
}

/** Plain text for one address. */
export interface Message {
  /** The same at each attempt to send it: whoever gets it twice can tell. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends mail. */
export interface Mailer {
  /**
   * Resolves when somebody else has taken charge of the message.
   *
   * @throws {MailRefusedError} when it never will be. Every other failure may pass.
   */
  send(message: Message): Promise<void>;
}

/** Passwords that are known to those who guess. */
export interface PasswordList {
  /** @param password in lower case. */
  has(password: string): Promise<boolean>;
}

/** What was done to people's rights and ways in, in the order in which it was. Nothing of it is changed or taken out. */
export interface AuditLog {
  /** When this resolves, the event is kept, after all that were kept before. */
  append(event: AuditEvent): Promise<void>;
  /** Newest first. */
  list(query: PageQuery): Promise<Page<AuditEntry>>;
  /** Looks at the whole log, from its beginning. */
  verify(): Promise<AuditIntegrity>;
}
