import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { itemsIn, scanPages } from '../../functions/io/aws/items.ts';
import { systemClock } from '../../functions/io/clock.ts';
import { httpSender } from '../../functions/io/https.ts';
import { objectOf } from '../../functions/io/maiagent/contact-wire.ts';
import { readPageOf } from '../../functions/io/maiagent/page.ts';
import { urlOnThisMachine } from '../commands/address.ts';
import { askLocally } from '../commands/ask-locally.ts';
import { CommandError } from '../commands/command-error.ts';
import { awsDeployment, type Target } from '../commands/deployment.ts';
import { dynamoDbClient } from '../data/dynamodb-client.ts';
import { deployed, running, stageOf } from '../deployed/probe-command.ts';
import { Scratch } from '../deployed/scratch.ts';
import type { LocalDeployment, LocallyKept } from '../http/deployment-routes.ts';

/** A row, an object, a line of a log or a contact: its key or time, and all that it holds. */
type Kept = readonly [at: string, value: unknown];
/** A table, a bucket, a log group or `maiagent`, with all that is kept there. */
export type Place = readonly [where: string, all: AsyncIterable<Kept>];

/** MaiAgent as it stands on the wire, so that also what the bridge passes over is read. */
export async function wireOf({ stage, local }: Target): Promise<Scratch> {
  const { place, apiKey } = local === undefined ? await deployed(await stageOf(stage)) : await running(local);
  if (apiKey) return new Scratch(place, apiKey, httpSender(), systemClock);
  throw new CommandError('no key to ask MaiAgent with: set MAIAGENT_API_KEY');
}

/** All that a stage's stack keeps, then MaiAgent's contacts of our inbox. It ends with an error where one of them cannot be read. */
export async function* placesOf({ stage, local }: Target, wire: Scratch): AsyncIterable<Place> {
  yield* local === undefined ? placesAtAws(stage) : placesHere(local);
  yield ['maiagent', pagesOf(wire, '/', `&inboxes=${wire.place.inboxId}`)];
}

async function* placesAtAws(stage: string): AsyncIterable<Place> {
  const client = new CloudFormationClient({});
  // A table that was restored takes the place of the stack's own and is none of its resources.
  const { client: tables, tableName } = await awsDeployment(stage).links();
  const outside = new Set([tableName]);
  for await (const page of paginateListStackResources({ client }, { StackName: `contact-bridge-${stage}` }))
    for (const { ResourceType, ResourceStatus, PhysicalResourceId: id = '' } of page.StackResourceSummaries ?? []) {
      // CloudFormation lists for a while what a deployment has taken away; what it left there is DELETE_SKIPPED.
      if (ResourceStatus === 'DELETE_COMPLETE') continue;
      outside.delete(id);
      if (ResourceType === 'AWS::DynamoDB::Table') yield [`table ${id}`, rowsIn(tables, id)];
      if (ResourceType === 'AWS::S3::Bucket') yield [`bucket ${id}`, objectsIn(id)];
      if (ResourceType === 'AWS::Logs::LogGroup') yield [`log ${id}`, linesIn(id)];
    }
  for (const name of outside) yield [`table ${name}`, rowsIn(tables, name)];
  tables.destroy();
}

async function* placesHere(local: string | true): AsyncIterable<Place> {
  const url = urlOnThisMachine(local);
  const { dynamoDbEndpoint, tables } = (await askLocally(url, '/local/deployment')) as LocalDeployment;
  const client = dynamoDbClient(dynamoDbEndpoint);
  for (const name of tables) yield [`table ${name}`, rowsIn(client, name)];
  client.destroy();
  const { objects, lines } = (await askLocally(url, '/local/kept')) as LocallyKept;
  yield ['bucket quarantine', inTurn(objects.map((object) => [object.key, object]))];
  yield ['log', inTurn(lines.map((line) => [/\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line)?.[0] ?? '', line]))];
}

async function* inTurn(all: readonly Kept[]): AsyncIterable<Kept> {
  yield* all;
}

async function* rowsIn(client: DynamoDBClient, TableName: string): AsyncIterable<Kept> {
  for await (const item of itemsIn(scanPages(client, { TableName, ConsistentRead: true }))) {
    const { pk, sk } = item;
    // A number may have more digits than one of JavaScript's.
    yield [`${pk?.S}${sk ? ` ${sk.S}` : ''}`, unmarshall(item, { wrapNumbers: (digits) => digits })];
  }
}

async function* objectsIn(Bucket: string): AsyncIterable<Kept> {
  const client = new S3Client({});
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket }))
    for (const { Key = '' } of Contents) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      yield [Key, { key: Key, body: await Body?.transformToByteArray() }];
    }
}

async function* linesIn(logGroupName: string): AsyncIterable<Kept> {
  const client = new CloudWatchLogsClient({});
  for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName }))
    for (const { timestamp = 0, message } of events) yield [new Date(timestamp).toISOString(), message];
}

/** All pages of a list of MaiAgent, whole or not at all. */
export async function* pagesOf(wire: Scratch, path: `/${string}`, query = ''): AsyncIterable<Kept> {
  for (let number = 1, isLast = false; !isLast; number += 1) {
    const { status, body } = await wire.ask('GET', `${path}?page=${number}&pageSize=100${query}`);
    const page = status === 200 ? readPageOf(objectOf)(body) : undefined;
    if (!page || page.unreadable > 0) throw new CommandError(`MaiAgent answered ${status} and no list to be read`);
    yield* page.items.map((one) => [String(one['id']), one] as const);
    isLast = page.next === undefined;
  }
}
