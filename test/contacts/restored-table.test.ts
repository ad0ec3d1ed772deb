import { type AttributeValue, DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
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
