import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Bridge, type BridgeOptions, startBridge } from '../../local/bridge.ts';
import { startDynamoDb } from '../../local/data/dynamodb.ts';
import { dynamoDbClient } from '../../local/data/dynamodb-client.ts';
import { signed } from '../../local/rehearsal/signed.ts';
import { contactOf } from '../../local/tour.ts';
import { linksSchema } from '../rigs/table-schemas.ts';
import { until } from '../rigs/until.ts';
import { ChangeRig, event, sampleSources, webhookSecret } from '../rigs/change-rig.ts';
import { Rig } from '../rigs/identify-rig.ts';

const rig = new Rig({ settings: { sources: sampleSources }, isStanding: true });
let changes: ChangeRig;
beforeEach(() => {
  changes = new ChangeRig(rig.real);
});

type Item = Record<string, AttributeValue>;
const items = async (): Promise<Item[]> =>
  (await rig.real.table.client.send(new ScanCommand({ TableName: 'Links', ConsistentRead: true }))).Items ?? [];

/** The table as it was when the copy was taken; MaiAgent stays as it is. */
async function restore(copy: readonly Item[]): Promise<void> {
  const { client } = rig.real.table;
  for (const { pk } of await items())
    await client.send(new DeleteItemCommand({ TableName: 'Links', Key: { pk: pk! } }));
  for (const one of copy) await client.send(new PutItemCommand({ TableName: 'Links', Item: one }));
}

const tell = (type: string, version: number, data: object = {}) =>
  changes.webhook(event(type, rig.userId, version, { ...data }), { id: `${rig.userId}-${type}-${version}` });

/** docs/upgrading.md, "A table that is lost or spoilt". */
describe('a table that was restored from an earlier copy', () => {
  it('gives a person whose contact it does not know the one that MaiAgent has, and makes no second', async () => {
    const copy = await items();
    const { body: before } = await rig.signIn();
    await restore(copy);
    expect(await rig.row()).toBeUndefined();
    const { body: after } = await rig.signIn();
    expect(after.contactId).toBe(before.contactId);
    expect(rig.liveContacts).toHaveLength(1);
  });

  it('does not take what MaiAgent has beyond it for the truth: the audit writes the restored, and the store what is newer', async () => {
    await tell('created', 1, { name: 'Before' });
    await rig.signIn();
    await changes.settle();
    const copy = await items();
    await tell('updated', 2, { name: 'Beyond' });
    await changes.settle();
    expect(rig.liveContacts.map(({ name }) => name)).toEqual(['Beyond']);
    await restore(copy);
    // One share of the contacts is audited in each hour.
    const audits = new ChangeRig(rig.real, { auditDays: 1 });
    for (let hour = 0; hour < 24; hour += 1) {
      rig.real.clock.advance(3_600_000);
      await audits.sync({ audit: true });
    }
    await changes.settle();
    expect(rig.liveContacts.map(({ name }) => name)).toEqual(['Before']);
    expect(await tell('updated', 2, { name: 'Beyond' })).toMatchObject({ status: 202, body: { status: 'accepted' } });
    await changes.settle();
    expect(rig.liveContacts.map(({ name }) => name)).toEqual(['Beyond']);
  });

  it.each([
    ['disabled', 'disabled'],
    ['deleted', 'deleted'],
  ])('hands out the id of a person who was %s since then until the store has said so again', async (type, status) => {
    await tell('created', 1, { name: 'Sample Person' });
    const { body } = await rig.signIn();
    await changes.settle();
    const copy = await items();
    await tell(type, 2);
    await changes.settle();
    await restore(copy);
    // This is why identify stays stopped until the stores have spoken.
    expect(await rig.signIn()).toMatchObject({ status: 200, body: { contactId: body.contactId } });
    expect(await tell(type, 2)).toMatchObject({ body: { status: 'accepted' } });
    expect(await rig.row()).toMatchObject({ accountStatus: status });
    expect((await rig.signIn()).body).not.toHaveProperty('contactId');
    await changes.settle();
    expect(rig.liveContacts).toHaveLength(type === 'deleted' ? 0 : 1);
  });

  it('names by its pseudonym whoever was erased since then', async () => {
    await rig.signIn();
    const copy = await items();
    const erased = (await rig.row())?.pseudonym;
    await tell('deleted', 2);
    await changes.settle();
    await restore(copy);
    expect(erased).toBeDefined();
    expect((await rig.row())?.pseudonym).toBe(erased);
  });
});

/** The steps of the runbook, as far as one machine has them: copy, name the copy, start again. */
it('a stage that names the restored table goes on with it, woken by its stream, and leaves its own as it is', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'contact-bridge-restored-'));
  /** What a bridge over the kept tables does; nothing of it runs afterwards. */
  const during = async <Result>(options: Partial<BridgeOptions>, act: (bridge: Bridge) => Promise<Result>) => {
    const bridge = await startBridge({ port: 0, dataDir, webhookSecret: secret, quiet: true, ...options });
    return act(bridge).finally(() => bridge.close());
  };
  const tell = async (bridge: Bridge, version: number, name: string) => {
    const data = { userId: 'member', version, name };
    const body = JSON.stringify({ type: 'user.updated', timestamp: new Date(version).toISOString(), data });
    const headers = { 'content-type': 'application/json', ...signed('generic', secret, body, version) };
    return (await fetch(`${bridge.url}/v1/webhooks/generic`, { method: 'POST', headers, body })).status;
  };
  const isNamed = (bridge: Bridge, contactId: string, name: string) =>
    until(async () => (await contactOf(bridge, contactId))['name'] === name, `the contact to be ${name}`);
  try {
    const first = await during({}, async (bridge) => {
      expect(await tell(bridge, 1, 'Before')).toBe(202);
      const contactId = await signedIn(bridge);
      await isNamed(bridge, contactId, 'Before');
      return { contactId, ownName: bridge.tableName };
    });
    const { streamArn, own } = await copyTable(dataDir, first.ownName, 'LinksAgain');
    await during({ restoredTables: { links: streamArn } }, async (bridge) => {
      expect(await signedIn(bridge)).toBe(first.contactId);
      expect(await tell(bridge, 2, 'After')).toBe(202);
      await isNamed(bridge, first.contactId, 'After');
    });
    const { own: afterwards } = await copyTable(dataDir, first.ownName, 'LinksOnceMore');
    expect(afterwards).toEqual(own);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

const secret = webhookSecret('a restored table');
const byKey = (a: Item, b: Item) => String(a['pk']?.S).localeCompare(String(b['pk']?.S), 'en');

async function signedIn(bridge: Bridge): Promise<string> {
  const headers = { authorization: `Bearer ${await bridge.token('member')}`, 'content-type': 'application/json' };
  const answer = await fetch(`${bridge.url}/v1/identity`, { method: 'POST', headers, body: '{}' });
  return ((await answer.json()) as { contactId: string }).contactId;
}

/** A new table with the rows of this one and a stream of its own, as a restoring and the commands after it make one. */
async function copyTable(dataDir: string, from: string, TableName: string) {
  const dynamoDb = await startDynamoDb({ engine: 'embedded', dataDir });
  const client = dynamoDbClient(dynamoDb.endpoint);
  const { Items: own = [] } = await client.send(new ScanCommand({ TableName: from, ConsistentRead: true }));
  const StreamSpecification = { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } as const;
  const made = await client.send(new CreateTableCommand({ ...linksSchema, TableName, StreamSpecification }));
  for (const Item of own) await client.send(new PutItemCommand({ TableName, Item }));
  client.destroy();
  await dynamoDb.close();
  return { streamArn: made.TableDescription!.LatestStreamArn!, own: own.toSorted(byKey) };
}
