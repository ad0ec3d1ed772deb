import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Item } from '../expression/attribute-value.ts';
import { conditionOf } from '../expression/condition.ts';
import type { Scope } from '../expression/operand.ts';
import { updateOf } from '../expression/update.ts';

/** The placeholders that an input brings along for its expressions. */
export interface Placeholders {
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue> | undefined;
}

export const scopeOf = (item: Item | undefined, input: Placeholders): Scope => ({
  item: item ?? {},
  names: input.ExpressionAttributeNames ?? {},
  values: input.ExpressionAttributeValues ?? {},
});

/** DynamoDB refuses a placeholder that no expression uses, one that is not given, and an empty map of them. */
export function checkPlaceholders(
  input: Placeholders & { readonly ProjectionExpression?: string | undefined },
  ...expressions: readonly ({ readonly placeholders: readonly string[] } | undefined)[]
): void {
  const used = new Set(expressions.flatMap((one) => one?.placeholders ?? []));
  for (const name of input.ProjectionExpression?.match(/#\w+/g) ?? []) used.add(name);
  const isGiven = (name: string): boolean =>
    Object.hasOwn(
      (name.startsWith('#') ? input.ExpressionAttributeNames : input.ExpressionAttributeValues) ?? {},
      name,
    );
  for (const name of used) if (!isGiven(name)) throw new Error(`${name} is used in an expression and not given`);
  for (const given of [input.ExpressionAttributeNames, input.ExpressionAttributeValues]) {
    if (given === undefined) continue;
    const keys = Object.keys(given);
    if (keys.length === 0) throw new Error('a map of placeholders must not be empty');
    const unused = keys.find((key) => !used.has(key));
    if (unused !== undefined) throw new Error(`${unused} is unused in expressions`);
  }
}

/** A write to one row. */
export type WriteInput = Placeholders & {
  readonly ConditionExpression?: string | undefined;
  readonly UpdateExpression?: string | undefined;
};

/** Whether the condition of a write holds for the row as it is; one that has none always may. */
export function mayWrite(before: Item | undefined, input: WriteInput): boolean {
  const condition = input.ConditionExpression === undefined ? undefined : conditionOf(input.ConditionExpression);
  const update = input.UpdateExpression === undefined ? undefined : updateOf(input.UpdateExpression);
  checkPlaceholders(input, condition, update);
  return condition?.holds(scopeOf(before, input)) ?? true;
}

/** The row after an update; a row that is not there begins with its key alone. */
export function updated(before: Item | undefined, key: Item, input: WriteInput): Item {
  const from = before ?? key;
  return input.UpdateExpression === undefined ? from : updateOf(input.UpdateExpression).applied(scopeOf(from, input));
}
