import type { StageConfig } from '../../infra/config.ts';
import { streamArnOf } from '../../local/runner/streams/stream-mappings.ts';
import { ensureTable } from '../../local/runner/tables.ts';

type Source = NonNullable<StageConfig['sources']>[number];

/** The declaration of a user table whose stream is not there yet. */
export type UserTable = Omit<Extract<Source, { kind: 'table' }>, 'kind' | 'streamArn'>;

/** The name of the table, whatever the source is called. */
export const userTableName = 'Users';

/** Makes the table `Users` with a stream and the declared key, and answers its source. One that is there stays as it is. */
export async function declareUserTable(endpoint: string, source: UserTable): Promise<Source> {
  const names = [source.key ?? 'userId', ...(source.sortKey ? [source.sortKey.name] : [])];
  const { logicalId } = await ensureTable(endpoint, {
    logicalId: userTableName,
    identity: { ref: userTableName },
    properties: {
      KeySchema: names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? 'HASH' : 'RANGE' })),
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  });
  const streamArn = await streamArnOf(endpoint, { logicalId, stream: { tableName: userTableName } });
  return { ...source, kind: 'table', streamArn };
}
