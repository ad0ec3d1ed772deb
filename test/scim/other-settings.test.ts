import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';
import { groupsOf } from './told.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let real: RealDeps;
/** The stage as it was, and as it is since it names another path. */
let before: ScimRig;
let after: ScimRig;
const stageOf = (settings: object) =>
  new ScimRig(real, { sources: [sourceSchema.parse({ kind: 'scim', name: 'entra', ...settings })] });
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  before = stageOf({});
  after = stageOf({ userId: `${ENTERPRISE}.employeeNumber` });
});
afterAll(() => real.close());

const numbered = (name: string, employeeNumber: string, changes: object = {}) =>
  sampleUser(name, { [ENTERPRISE]: { employeeNumber }, ...changes });
const create = async (body: object, rig = before): Promise<string> => {
  const answer = await rig.ask('POST Users', { body });
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
  return answer.body.id as string;
};
const put = async (id: string, body: object) => (await after.ask(`PUT Users/${id}`, { body })).status;
const patch = async (what: string, op: object, rig = after) =>
  (await rig.ask(`PATCH ${what}`, { body: patchOf(op) })).status;
const number = (value: string) => ({ op: 'replace', path: `${ENTERPRISE}:employeeNumber`, value });
const standing = async (userId: string) => (await after.link(userId))?.accountStatus;
const keyRows = async (id: string) =>
  ((await real.table.rows()) as unknown as { pk: string; id?: string }[])
    .filter((row) => row.pk.startsWith('scim-key') && row.id === id)
    .map(({ pk }) => pk);

describe('where the stage names another path of the id', () => {
  it('a user who is written again as before is somebody else from then on, whom every later change reaches', async () => {
    const id = await create(numbered('amy', '1'));
    expect([await put(id, numbered('amy', '1')), await standing('1'), await standing('oid-amy')]).toEqual([
      200,
      'active',
      'disabled',
    ]);
    const { revision } = (await after.link('1'))!;
    expect([await put(id, numbered('amy', '1')), (await after.link('1'))?.revision]).toEqual([200, revision]);
    expect([await patch(`Users/${id}`, number('2')), await standing('2'), await standing('1')]).toEqual([
      200,
      'active',
      'disabled',
    ]);
    expect([await patch(`Users/${id}`, { op: 'replace', path: 'active', value: false }), await standing('2')]).toEqual([
      200,
      'disabled',
    ]);
    expect([(await after.ask(`DELETE Users/${id}`)).status, await standing('2')]).toEqual([204, 'deleted']);
    expect(await keyRows(id)).toEqual([]);
  });

  it('of two with the same value there one is that person, and the end of the other one is nothing to that person', async () => {
    const [gone, ben] = [await create(numbered('gone', '3')), await create(numbered('ben', '3'))];
    expect([await put(ben, numbered('ben', '3')), await put(gone, numbered('gone', '3'))]).toEqual([200, 409]);
    expect((await after.ask('POST Users', { body: numbered('new', '3') })).status).toBe(409);
    const { body } = await after.identify('3');
    expect([(await after.ask(`DELETE Users/${gone}`)).status, await standing('oid-gone')]).toEqual([204, 'deleted']);
    expect((await after.identify('3')).body.contactId).toBe(body.contactId);
    expect([await patch(`Users/${ben}`, number('4')), (await after.ask(`DELETE Users/${ben}`)).status]).toEqual([
      200, 204,
    ]);
    expect([await standing('3'), await standing('4'), await keyRows(ben)]).toEqual(['disabled', 'deleted', []]);
  });

  it('nobody is erased whom another entry may be, and nobody who signs in by it keeps an id', async () => {
    const [cat, dan] = [await create(numbered('cat', '5')), await create(numbered('dan', '5'))];
    const { body } = await after.identify('5');
    expect((await after.ask(`DELETE Users/${cat}`)).status).toBe(204);
    expect([await standing('oid-cat'), (await after.identify('5')).status]).toEqual(['deleted', 403]);
    expect(await put(dan, numbered('dan', '5'))).toBe(200);
    expect((await after.identify('5')).body.contactId).toBe(body.contactId);
    const eve = await create(numbered('eve', '6'));
    expect((await after.identify('6')).status).toBe(200);
    expect([await patch(`Users/${eve}`, number('7')), await standing('7'), await standing('6')]).toEqual([
      200,
      'active',
      'disabled',
    ]);
  });

  it('and another entry becomes that person while one is deleted, the deletion does not reach it', async () => {
    const [fay, gus] = [await create(numbered('fay', '8')), await create(numbered('gus', '8'))];
    let isFirst = true;
    real.table.client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === 'TransactWriteItemsCommand' && isFirst) {
            isFirst = false;
            expect(await put(gus, numbered('gus', '8'))).toBe(200);
          }
          return next(args);
        },
      { step: 'initialize', name: 'meanwhile' },
    );
    expect((await after.ask(`DELETE Users/${fay}`)).status).toBe(204);
    real.table.client.middlewareStack.remove('meanwhile');
    expect([isFirst, await standing('8'), await standing('oid-fay')]).toEqual([false, 'active', 'deleted']);
  });

  it('a value that is the id of another entry still is refused, until that one is written too', async () => {
    const [hal, ida] = [await create(numbered('hal', 'oid-ida')), await create(numbered('ida', '9'))];
    expect([await put(hal, numbered('hal', 'oid-ida')), await put(ida, numbered('ida', '9'))]).toEqual([409, 200]);
    expect([await put(hal, numbered('hal', 'oid-ida')), await standing('oid-ida')]).toEqual([200, 'active']);
  });

  it('whom the path would refuse is disabled all the same, as the one who was told of', async () => {
    const [max, ned, oda] = [
      await create(sampleUser('max')),
      await create(numbered('ned', '11')),
      await create(numbered('oda', '11')),
    ];
    expect([await put(ned, numbered('ned', '11')), await put(oda, numbered('oda', '11'))]).toEqual([200, 409]);
    const active = (value: boolean) => ({ op: 'replace', path: 'active', value });
    for (const id of [max, oda])
      expect([id, await patch(`Users/${id}`, active(false)), await patch(`Users/${id}`, active(true))]).toEqual([
        id,
        200,
        id === max ? 400 : 409,
      ]);
    expect([await standing('oid-max'), await standing('oid-oda'), await standing('11')]).toEqual([
      'disabled',
      'disabled',
      'active',
    ]);
    expect((await after.ask('POST Users', { body: sampleUser('pia', { active: false }) })).status).toBe(400);
  });

  it('a group is taken also from those whom the path would refuse', async () => {
    const ids = [
      await create(numbered('jon', '10')),
      await create(numbered('kim', '10')),
      await create(sampleUser('lea')),
    ];
    const [jon = ''] = ids;
    const members = ids.map((value) => ({ value }));
    const { body: group } = await before.ask('POST Groups', { body: { displayName: 'field', members } });
    expect([await put(jon, numbered('jon', '10')), groupsOf(await after.link('10'), 'entra')]).toEqual([
      200,
      ['field'],
    ]);
    expect(await patch(`Groups/${group.id}`, { op: 'remove', path: 'members' })).toBe(204);
    for (const userId of ['10', 'oid-kim', 'oid-lea'])
      expect([userId, groupsOf(await after.link(userId), 'entra')]).toEqual([userId, []]);
  });
});
