import type { TransactWriteCommandInput, UpdateCommandInput } from "@aws-sdk/lib-dynamodb";

export interface Key {
  readonly pk: string;
  readonly sk: string;
}
export type Item = Readonly<Record<string, unknown>>;

export type Update = Omit<UpdateCommandInput, "TableName" | "Key">;
type TransactItem = NonNullable<TransactWriteCommandInput["TransactItems"]>[number];

/** An update that says what it does. */
export type FullUpdate = Update & { readonly UpdateExpression: string };

/** One write of a transaction. `condition` must hold of what is there under the key. */
export type Write =
  | { readonly put: Key & Item; readonly condition?: string; readonly values?: Item }
  | { readonly update: Key; readonly with: FullUpdate };

/** The write as a transaction takes it. */
export function toTransactItem(table: string, write: Write): TransactItem {
  const TableName = table;
  if ("update" in write) return { Update: { TableName, Key: { ...write.update }, ...write.with } };
  const { put: Item, condition: ConditionExpression, values: ExpressionAttributeValues } = write;
  return { Put: { TableName, Item, ConditionExpression, ExpressionAttributeValues } };
}

/** Sets attributes where `condition` holds, and takes away those that are undefined. `values` are the condition's. */
export function updateOf(attributes: Item, condition: string, values: Item): FullUpdate {
  const names = Object.keys(attributes);
  const [set, removed] = [
    names.filter((name) => attributes[name] !== undefined),
    names.filter((name) => attributes[name] === undefined),
  ];
  const setting = `SET ${set.map((name) => `#${name} = :${name}`).join(", ")}`;
  const removing = removed.length > 0
    ? ` REMOVE ${removed.map((name) => `#${name}`).join(", ")}`
    : "";
  return {
    UpdateExpression: setting + removing,
    ConditionExpression: condition,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: {
      ...Object.fromEntries(set.map((name) => [`:${name}`, attributes[name]])),
      ...values,
    },
  };
}
