import type { Agent } from "node:https";
import {
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { pause } from "platform/lifecycle";
import { StoreUnavailableError } from "platform/store";
import {
  asStoreError,
  backoffMs,
  type Cancellation,
  cancellationOf,
  isConditionFailure,
  isConflict,
  retried,
} from "./dynamodb_errors.ts";
import { type Item, type Key, toTransactItem, type Update, type Write } from "./dynamodb_write.ts";

const defaultCallTimeoutMs = 2_000;
const triesMax = 3;
/** One try leaves time for another. */
const triesPerTimeout = 2.2;
/** What DynamoDB takes in one `BatchWriteItem`. */
const batchWritesMax = 25;

type Query = Omit<QueryCommandInput, "TableName">;

export interface TableOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly table: string;
  readonly agent: Agent;
  /** How long one call may take, with the SDK's own retries. */
  readonly callTimeoutMs?: number | undefined;
}

/**
 * Calls to one DynamoDB table, each within `callTimeoutMs`, 2 s unless told otherwise. A call that
 * fails may have written all the same: what matters must be told from the table. Credentials are the
 * SDK's own affair.
 *
 * All throw {@linkcode StoreUnavailableError} when the table cannot be used.
 */
export class DynamodbTable implements Disposable {
  readonly name: string;
  readonly client: DynamoDBClient;
  readonly callTimeoutMs: number;
  readonly #documents: DynamoDBDocumentClient;

  constructor(options: TableOptions) {
    const { endpoint, region, table, agent } = options;
    this.name = table;
    this.callTimeoutMs = options.callTimeoutMs ?? defaultCallTimeoutMs;
    const tryTimeoutMs = this.callTimeoutMs / triesPerTimeout;
    this.client = new DynamoDBClient({
      endpoint,
      region,
      maxAttempts: triesMax,
      retryMode: "standard",
      defaultsMode: "standard",
      useDualstackEndpoint: false,
      useFipsEndpoint: false,
      // The SDK's own asks the system for its release, which a program of ours may not know.
      defaultUserAgentProvider: () => Promise.resolve([["sallyport-payment", "0"]]),
      requestHandler: new NodeHttpHandler({
        httpsAgent: agent,
        connectionTimeout: tryTimeoutMs,
        requestTimeout: tryTimeoutMs,
        throwOnRequestTimeout: true,
      }),
    });
    this.#documents = DynamoDBDocumentClient.from(this.client, {
      marshallOptions: { removeUndefinedValues: true },
    });
  }

  [Symbol.dispose](): void {
    this.client.destroy();
  }

  /** What the server says of the table, or undefined when there is none. */
  async describe(): Promise<TableDescription | undefined> {
    try {
      const { Table } = await this.#call(
        "describe the table",
        (options) => this.client.send(new DescribeTableCommand({ TableName: this.name }), options),
      );
      return Table;
    } catch (thrown) {
      const cause = thrown instanceof StoreUnavailableError ? thrown.cause : undefined;
      if (cause instanceof ResourceNotFoundException) return undefined;
      throw thrown;
    }
  }

  /** Strongly consistent. */
  async get(key: Key): Promise<Item | undefined> {
    const input = { TableName: this.name, Key: key, ConsistentRead: true };
    return (await this.#call("read", (o) => this.#documents.send(new GetCommand(input), o))).Item;
  }

  /** Up to 100 items, in no order; strongly consistent. */
  async getAll(keys: readonly Key[]): Promise<readonly Item[]> {
    const found: Item[] = [];
    let left: readonly Item[] = keys.map(({ pk, sk }) => ({ pk, sk }));
    await retried("Cannot read from the store: it is too busy", async () => {
      const input = { RequestItems: { [this.name]: { Keys: [...left], ConsistentRead: true } } };
      const { Responses, UnprocessedKeys } = await this.#call(
        "read",
        (options) => this.#documents.send(new BatchGetCommand(input), options),
      );
      found.push(...Responses?.[this.name] ?? []);
      left = UnprocessedKeys?.[this.name]?.Keys ?? [];
      return left.length === 0;
    });
    return found;
  }

  /** One page. Of the table it is strongly consistent when `ConsistentRead` says so, of an index never. */
  async query(query: Query): Promise<{ readonly items: readonly Item[]; readonly next?: Item }> {
    const input = { TableName: this.name, ...query };
    const { Items = [], LastEvaluatedKey } = await this.#call(
      "read",
      (options) => this.#documents.send(new QueryCommand(input), options),
    );
    return { items: Items, ...LastEvaluatedKey && { next: LastEvaluatedKey } };
  }

  /** @returns the item as it is then, or undefined when the condition does not hold: of a try whose answer was lost, too. */
  async update(key: Key, update: Update): Promise<Item | undefined> {
    const input = { TableName: this.name, Key: key, ReturnValues: "ALL_NEW" as const, ...update };
    return await this.#ifConditionHolds(async () =>
      (await this.#call("write", (o) => this.#documents.send(new UpdateCommand(input), o)))
        .Attributes ?? {}
    );
  }

  /** @returns whether the condition held; it may fail because of a try whose answer was lost. */
  async put(item: Key & Item, condition: string, values?: Item): Promise<boolean> {
    const input = {
      TableName: this.name,
      Item: item,
      ConditionExpression: condition,
      ExpressionAttributeValues: values,
    };
    const put = await this.#ifConditionHolds(() =>
      this.#call("write", (options) => this.#documents.send(new PutCommand(input), options))
    );
    return put !== undefined;
  }

  async deleteAll(keys: readonly Key[]): Promise<void> {
    for (let at = 0; at < keys.length; at += batchWritesMax) {
      let left = keys.slice(at, at + batchWritesMax)
        .map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } as Item } }));
      await retried("Cannot write to the store: it is too busy", async () => {
        const input = { RequestItems: { [this.name]: left } };
        const { UnprocessedItems } = await this.#call(
          "write",
          (options) => this.#documents.send(new BatchWriteCommand(input), options),
        );
        left = (UnprocessedItems?.[this.name] ?? []) as typeof left;
        return left.length === 0;
      });
    }
  }

  /**
   * Makes all the writes or none. The SDK repeats a try whose answer was lost under the same token, so
   * that it cannot be made twice.
   *
   * @returns undefined when they were made, or which of them were in the way.
   */
  async transact(writes: readonly Write[]): Promise<Cancellation | undefined> {
    const input = { TransactItems: writes.map((write) => toTransactItem(this.name, write)) };
    try {
      await this.#call("write", (o) => this.#documents.send(new TransactWriteCommand(input), o));
      return undefined;
    } catch (thrown) {
      const cancellation = cancellationOf(thrown);
      if (cancellation) return cancellation;
      throw thrown;
    }
  }

  async #call<Output>(
    act: string,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    const deadline = new AbortController();
    const { signal: abortSignal } = deadline;
    // The SDK does not look at the signal while it waits to try again.
    const { promise: late, reject } = Promise.withResolvers<never>();
    // A timer of our own: one of the signal's would keep a program that is done from ending.
    const timer = setTimeout(() => {
      const reason = new DOMException("Cannot wait any longer", "TimeoutError");
      deadline.abort(reason);
      reject(reason);
    }, this.callTimeoutMs);
    try {
      for (let tries = 0;; tries++) {
        try {
          return await Promise.race([send({ abortSignal }), late]);
        } catch (thrown) {
          if (!isConflict(thrown) || abortSignal.aborted) throw asStoreError(act, thrown);
          await pause(backoffMs(tries), abortSignal);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #ifConditionHolds<T>(write: () => Promise<T>): Promise<T | undefined> {
    try {
      return await write();
    } catch (thrown) {
      if (isConditionFailure(thrown)) return undefined;
      throw thrown;
    }
  }
}
