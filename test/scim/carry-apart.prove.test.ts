import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleUser, ScimRig } from '../rigs/scim-rig.ts';
import { groupsOf } from './told.ts';

/** More than a request carries itself. */
const MANY = 101;

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  rig = new ScimRig(real);
});
afterAll(() => real.close());

const user = async (name: string): Promise<string> =>
  (await rig.ask('POST Users', { body: sampleUser(name) })).body.id as string;
const group = async (displayName: string, ids: readonly string[]): Promise<string> =>
  (await rig.ask('POST Groups', { body: { displayName, members: ids.map((value) => ({ value })) } })).body.id as string;
const many = (name: string) => Promise.all(Array.from({ length: MANY }, (_, at) => user(`${name}-${at}`)));
const told = async (name: string) => groupsOf(await rig.link(`oid-${name}`), 'entra');
async function carryWith(stage: ScimRig): Promise<void> {
  real.clock.advance(60_000);
  await stage.carry();
}
const isOwed = async (): Promise<boolean> => (await real.table.rows()).some(({ dueShard }) => dueShard === 'scim');

describe('a large withdrawal', () => {
  it('waits while the stage does not declare the directory, and is done once it does', async () => {
    const id = await group('partners', await many('undeclared'));
    await carryWith(rig);
    expect((await rig.identify('oid-undeclared-0')).status).toBe(200);
    expect((await rig.ask(`DELETE Groups/${id}`)).status).toBe(204);
    const without = new ScimRig(real, { sources: [] });
    // Nobody is told that it is overdue, because nobody can do anything.
    for (let minutes = 0; minutes < 20; minutes += 1) await carryWith(without);
    expect(real.lines.filter((line) => line.includes('OverdueMemberships'))).toEqual([]);
    expect([await told('undeclared-0'), (await rig.identify('oid-undeclared-0')).status]).toEqual([['partners'], 503]);
    await carryWith(rig);
    expect([await told('undeclared-0'), (await rig.identify('oid-undeclared-0')).status]).toEqual([[], 200]);
    await carryWith(rig);
    expect(await isOwed()).toBe(false);
  });

  it('takes the group from everybody else where one member cannot be written, whom it still holds', async () => {
    const ids = await many('poison');
    const id = await group('poisoned', ids);
    await carryWith(rig);
    for (const at of [0, 50]) expect((await rig.identify(`oid-poison-${at}`)).status).toBe(200);
    expect((await rig.ask(`DELETE Groups/${id}`)).status).toBe(204);
    let [isPoisoned, isOver, late] = [true, false, 0];
    const row = `scim#entra#User#${ids[50]}`;
    real.table.client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (isOver) late += 1;
          const isWrite = commandName === 'TransactWriteItemsCommand' && JSON.stringify(args.input).includes(row);
          if (isPoisoned && isWrite) throw new RangeError('never fits');
          return next(args);
        },
      { step: 'initialize', name: 'poison' },
    );
    await carryWith(rig);
    isOver = true;
    await new Promise(setImmediate);
    expect(late).toBe(0);
    isOver = false;
    const still = await Promise.all(ids.map(async (_, at) => ((await told(`poison-${at}`)) as unknown[]).length));
    expect(still.flatMap((count, at) => (count > 0 ? [at] : []))).toEqual([50]);
    expect((await rig.identify('oid-poison-0')).status).toBe(200);
    expect((await rig.identify('oid-poison-50')).status).toBe(503);
    expect(await isOwed()).toBe(true);
    isPoisoned = false;
    await carryWith(rig);
    expect([await told('poison-50'), (await rig.identify('oid-poison-50')).status]).toEqual([[], 200]);
    await carryWith(rig);
    expect(await isOwed()).toBe(false);
    real.table.client.middlewareStack.remove('poison');
  });
});

/** Makes a row one that was written before rows said this of themselves. */
async function older(pk: string): Promise<void> {
  const names = { '#keys': 'keys', '#name': 'groupName' };
  const change = { UpdateExpression: 'REMOVE #keys, #name', ExpressionAttributeNames: names };
  await real.table.client.send(new UpdateItemCommand({ TableName: 'Links', Key: { pk: { S: pk } }, ...change }));
}

describe('rows that are older than what they say of themselves', () => {
  it('are withdrawn too, and give back what they hold', async () => {
    const ids = await many('older');
    const id = await group('older', ids);
    await carryWith(rig);
    expect((await rig.identify('oid-older-0')).status).toBe(200);
    await older(`scim#entra#Group#${id}`);
    for (const at of [0, 1]) await older(`scim#entra#User#${ids[at]}`);
    expect((await rig.ask(`DELETE Groups/${id}`)).status).toBe(204);
    expect((await rig.identify('oid-older-0')).status).toBe(503);
    await carryWith(rig);
    expect((await rig.identify('oid-older-0')).status).toBe(200);
    const changes = sampleUser('older-1', { userName: 'newer@sample.test' });
    expect((await rig.ask(`PUT Users/${ids[1]}`, { body: changes })).status).toBe(200);
    expect((await rig.ask(`DELETE Users/${ids[0]}`)).status).toBe(204);
    const names = ['older-0', 'older-1'].map((name) => `${name}@sample.test`);
    for (const userName of names) {
      const body = sampleUser(`of-${userName}`, { userName });
      expect([userName, (await rig.ask('POST Users', { body })).status]).toEqual([userName, 201]);
    }
    expect((await rig.ask('POST Groups', { body: { displayName: 'older' } })).status).toBe(201);
  });
});

describe('a large group', () => {
  it('is not given again to a member who was deleted before being carried', async () => {
    const ids = await many('deleted');
    const id = await group('joining', ids);
    expect((await rig.ask(`DELETE Users/${ids[3]}`)).status).toBe(204);
    await carryWith(rig);
    const members = (await rig.ask(`GET Groups/${id}`)).body.members as unknown[];
    expect([members.length, await isOwed(), await told('deleted-4')]).toEqual([MANY - 1, false, ['joining']]);
    expect([await user('deleted-3'), await told('deleted-3')]).toEqual([ids[3], []]);
  });
});
