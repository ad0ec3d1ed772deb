import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DynamoDBClient, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { JobName } from '../../infra/bundle.ts';
import { calls, directoryCalls, fullReadCalls } from '../infra/template/calls.ts';

/** Where every process of a run of the suite writes down what it has seen called. */
export const seenCallsFile = 'node_modules/.cache/contact-bridge/calls.txt';

interface Input {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly TransactItems?: readonly TransactWriteItem[];
  readonly RequestItems?: Readonly<Record<string, unknown>>;
}

const writes: Readonly<Record<keyof TransactWriteItem, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

/** What DynamoDB asks IAM for before it does this, as `action resource`. */
function rightsFor(command: string, { TableName, IndexName, TransactItems, RequestItems }: Input): string[] {
  const right = (action: string, table = '', index?: string) =>
    `dynamodb:${action} ${table}Table.Arn${index === undefined ? '' : `/index/${index}`}`;
  if (TransactItems)
    return TransactItems.flatMap((item) =>
      Object.entries(item).map(([kind, { TableName: table }]) => right(writes[kind as keyof TransactWriteItem], table)),
    );
  const action = command.replace(/Command$/, '');
  if (RequestItems) return Object.keys(RequestItems).map((table) => right(action, table));
  return [right(action, TableName, IndexName)];
}

const seen = new Set<string>();

/** The client as a job has it in AWS: what the job's role may not do is refused. */
export function permitted(job: JobName, client: DynamoDBClient): DynamoDBClient {
  const send = (command: object, ...rest: never[]): unknown => {
    for (const right of rightsFor(command.constructor.name, (command as { input: Input }).input)) {
      const isOfFullRead = job === 'user-changed' && fullReadCalls.includes(right);
      const isOfDirectory = job === 'identify' && directoryCalls.includes(right);
      if (!isOfFullRead && !isOfDirectory && !calls[job].includes(right))
        throw new Error(`${job} may not ${right}: list it in test/infra/template/calls.ts`);
      if (seen.has(`${job} ${right}`)) continue;
      seen.add(`${job} ${right}`);
      mkdirSync(dirname(seenCallsFile), { recursive: true });
      appendFileSync(seenCallsFile, `${job} ${right}\n`);
    }
    return client.send(command as never, ...rest);
  };
  return { send } as unknown as DynamoDBClient;
}
