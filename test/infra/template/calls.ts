import type { JobName } from '../../../infra/bundle.ts';

const dynamodb = (resource: string, ...actions: string[]) => actions.map((one) => `dynamodb:${one} ${resource}`);
const secret = (name: string) => [`secretsmanager:GetSecretValue Secrets${name}`];

const links = 'LinksTable.Arn';
const broadcasts = 'BroadcastsTable.Arn';

/** What `user-changed` may do as well where a stage reads all users of a store. */
export const fullReadCalls: readonly string[] = dynamodb(links, 'Scan');

/** What `identify` may do as well where a stage declares a directory. */
export const directoryCalls: readonly string[] = dynamodb(links, 'BatchGetItem');

/**
 * Every call to AWS that a job can make, as `action resource`; a transaction is the writes in it (AWS, "IAM permissions for DynamoDB
 * transactions"). The rigs refuse a call that is not listed here, and the template must permit what is listed and nothing else.
 */
export const calls: Readonly<Record<JobName, readonly string[]>> = {
  identify: [
    ...dynamodb(links, 'GetItem', 'UpdateItem'),
    ...secret('MaiAgentApiKey'),
    ...secret('VisitorSigningSecret'),
  ],
  'user-changed': [
    ...dynamodb(links, 'GetItem', 'PutItem', 'UpdateItem'),
    ...dynamodb(`${links}/index/Due`, 'Query'),
    ...secret('SourceSecrets'),
  ],
  scim: [
    ...dynamodb(links, 'GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem'),
    ...dynamodb(`${links}/index/Due`, 'Query'),
    ...secret('SourceSecrets'),
  ],
  sync: [
    ...dynamodb(links, 'GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'Scan'),
    ...dynamodb(`${links}/index/Due`, 'Query'),
    ...dynamodb(broadcasts, 'GetItem', 'Scan', 'PutItem'),
    ...dynamodb(`${broadcasts}/index/Due`, 'Query'),
    ...secret('MaiAgentApiKey'),
  ],
  manage: [
    ...dynamodb(links, 'GetItem', 'UpdateItem', 'BatchGetItem', 'Scan'),
    ...dynamodb(`${links}/index/ByContact`, 'Query'),
    ...dynamodb(broadcasts, 'GetItem', 'BatchGetItem', 'PutItem', 'Query'),
    ...dynamodb(`${broadcasts}/index/Listed`, 'Query'),
    ...secret('MaiAgentApiKey'),
  ],
  authorize: [],
  broadcast: [
    ...dynamodb(links, 'GetItem', 'UpdateItem', 'BatchGetItem', 'Scan', 'ConditionCheckItem'),
    ...dynamodb(`${links}/index/ByContact`, 'Query'),
    ...dynamodb(broadcasts, 'GetItem', 'PutItem', 'UpdateItem', 'ConditionCheckItem', 'Query'),
    ...dynamodb(`${broadcasts}/index/Due`, 'Query'),
    ...secret('MaiAgentApiKey'),
    ...['Create', 'Delete'].map((one) => `scheduler:${one}Schedule schedule/<stack>-broadcasts/*`),
    'iam:PassRole broadcastBroadcastsRole.Arn',
  ],
};
