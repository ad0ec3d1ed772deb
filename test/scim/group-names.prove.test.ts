import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoEvaluations } from '../../functions/io/aws/evaluations.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { planLines } from '../../local/permissions/plan-command.ts';
import { renamedIn } from '../../local/permissions/plan.ts';
import { patchOf, sampleUser, ScimRig } from '../rigs/scim-rig.ts';
import { groupsOf } from './told.ts';

let real: RealDeps;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
});
afterAll(() => real.close());

const nothing = { links: 0, changed: 0, unreadable: 0, readUnits: 0, moves: [], knowledgeBases: [], shutOut: [] };
let directories = 0;
/** A directory of its own, with a group of two people, and the stage as it is when it names another attribute of groups. */
async function directory() {
  const source = `directory-${(directories += 1)}`;
  const stageOf = (groupNames: string) => {
    const rig = new ScimRig(real, { sources: [sourceSchema.parse({ kind: 'scim', name: source, groupNames })] });
    rig.tokens = { [source]: rig.tokens['entra']! };
    const ask = (what: string, body?: object) => rig.ask(what, { source, ...(body && { body }) });
    return { rig, ask };
  };
  const before = stageOf('displayName');
  const user = async (name: string): Promise<string> =>
    (await before.ask('POST Users', sampleUser(`${source}-${name}`))).body.id as string;
  const told = async (name: string) => groupsOf(await before.rig.link(`oid-${source}-${name}`), source);
  const ids = [await user('amy'), await user('ben')];
  const members = ids.map((value) => ({ value }));
  const document = { displayName: 'Contractors', externalId: 'g-contractors' };
  const { body } = await before.ask('POST Groups', { ...document, members });
  return { before, stageOf, user, told, id: body.id as string, ids, document };
}
const minutes = async (count: number, rig: ScimRig): Promise<void> => {
  for (let minute = 0; minute < count; minute += 1) {
    real.clock.advance(60_000);
    await rig.carry();
  }
};

describe('where the stage knows groups by another attribute', () => {
  it('every member has the new name within minutes, though the directory writes nothing', async () => {
    const { before, stageOf, told } = await directory();
    await minutes(1, before.rig);
    const after = stageOf('externalId');
    const { sources } = after.rig.settings;
    const evaluations = new DynamoEvaluations(real.table.client, 'Links');
    const renamed = () => renamedIn(sources, (source) => evaluations.naming(source));
    const expected = [{ source: sources[0]!.name, from: 'displayName', to: 'externalId' }];
    expect(await renamed()).toEqual(expected);
    expect(planLines(nothing, expected).at(-1)).toContain('known by displayName here, and by externalId minutes');
    await minutes(2, after.rig);
    expect(await renamed()).toEqual([]);
    expect([await told('amy'), await told('ben')]).toEqual([['g-contractors'], ['g-contractors']]);
    const rows = await real.table.rows();
    await minutes(1, after.rig);
    expect(await real.table.rows()).toEqual(rows);
  });

  it('and a call of the earlier deployment still writes a group, it is found by a second look', async () => {
    const { before, stageOf, told } = await directory();
    const after = stageOf('id');
    await minutes(2, after.rig);
    await before.ask('POST Groups', { displayName: 'Late', members: [{ value: await lateUser(before) }] });
    const late = async () => groupsOf(await before.rig.link('oid-late'), before.rig.settings.sources[0]!.name);
    await minutes(5, after.rig);
    expect([await late(), await told('amy')]).toEqual([['Late'], [expect.stringMatching(/^[\da-f-]{36}$/)]]);
    await minutes(30, after.rig);
    expect(await late()).toEqual([expect.stringMatching(/^[\da-f-]{36}$/)]);
  });

  it('a write of the group gives everybody the new name before its answer, and takes it from who leaves', async () => {
    const { stageOf, told, id, ids, document, user } = await directory();
    const after = stageOf('externalId');
    const [amy, ben] = ids;
    const cat = await user('cat');
    const members = [{ value: ben }, { value: cat }];
    expect((await after.ask(`PUT Groups/${id}`, { ...document, members })).status).toBe(200);
    expect([await told('amy'), await told('ben'), await told('cat')]).toEqual([
      [],
      ['g-contractors'],
      ['g-contractors'],
    ]);
    const add = patchOf({ op: 'add', path: 'members', value: [{ value: amy }] });
    expect((await after.ask(`PATCH Groups/${id}`, add)).status).toBe(204);
    expect(await told('amy')).toEqual(['g-contractors']);
    expect((await after.ask(`DELETE Groups/${id}`)).status).toBe(204);
    expect([await told('amy'), await told('ben')]).toEqual([[], []]);
  });

  it('a group that has no such attribute is one of nobody, until it has', async () => {
    const { stageOf, told, id, ids, before } = await directory();
    await before.ask(`PATCH Groups/${id}`, patchOf({ op: 'remove', path: 'externalId' }));
    const after = stageOf('externalId');
    await minutes(2, after.rig);
    expect([await told('amy'), (await after.ask(`GET Groups/${id}`)).body.members.length]).toEqual([[], 2]);
    const [amy, ben] = ids;
    const change = async (op: object) => (await after.ask(`PATCH Groups/${id}`, patchOf(op))).status;
    // Whoever leaves it meanwhile does not come back with the name.
    expect(await change({ op: 'remove', path: `members[value eq "${ben}"]` })).toBe(204);
    expect(await change({ op: 'add', path: 'members', value: [{ value: amy }] })).toBe(400);
    expect(await change({ op: 'add', path: 'externalId', value: 'g-again' })).toBe(204);
    expect([await told('amy'), await told('ben')]).toEqual([['g-again'], []]);
  });
});

/** While it runs, every read of groups takes so long; answers how many were read each time. A write of `poison` fails. */
async function slowly(ms: number, poison: string, run: () => Promise<void>): Promise<number[]> {
  const reads: number[] = [];
  const { middlewareStack } = real.table.client;
  middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const input = JSON.stringify(args.input);
        if (commandName === 'TransactWriteItemsCommand' && input.includes(poison)) throw new RangeError('never fits');
        const groups = commandName === 'BatchGetItemCommand' ? input.match(/"scim#[^#]+#Group#/g) : null;
        if (groups) {
          reads.push(groups.length);
          real.clock.advance(ms);
        }
        return next(args);
      },
    { step: 'initialize', name: 'slowly' },
  );
  await run().finally(() => middlewareStack.remove('slowly'));
  return reads;
}

describe('where the stage knows many groups by another attribute', () => {
  it('what is due is carried first, and each minute goes on where the one before was', async () => {
    const { before, stageOf, told, ids } = await directory();
    const [amy] = ids;
    const after = stageOf('id');
    for (let at = 0; at < 30; at += 1) await before.ask('POST Groups', { displayName: `Small ${at}` });
    const many = Array.from({ length: 101 }, (_, at) => ({ value: `nobody-${at}` }));
    const members = [...many, { value: amy }];
    await before.ask('POST Groups', { displayName: 'Large', members });
    const firsts = await slowly(6_000, 'nothing', async () => {
      await minutes(1, after.rig);
      expect(await told('amy')).toEqual(['Contractors', 'Large']);
      await minutes(5, after.rig);
    });
    expect(firsts).toEqual([10, 10, 10, 2]);
    expect(await told('amy')).toEqual([
      expect.stringMatching(/^[\da-f-]{36}$/),
      expect.stringMatching(/^[\da-f-]{36}$/),
    ]);
  });

  it('one that cannot be written keeps no other, and is alone tried again', async () => {
    const { before, stageOf, told, id, ids } = await directory();
    await before.ask('POST Groups', { displayName: 'Others', externalId: 'g-others', members: [{ value: ids[0] }] });
    const after = stageOf('externalId');
    const poison = `#Group#${id}`;
    const reads = await slowly(0, poison, () => minutes(3, after.rig));
    expect([reads, await told('amy'), await told('ben')]).toEqual([
      [2, 1, 1],
      ['Contractors', 'g-others'],
      ['Contractors'],
    ]);
    await minutes(2, after.rig);
    expect([await told('amy'), await told('ben')]).toEqual([['g-contractors', 'g-others'], ['g-contractors']]);
  });
});

async function lateUser({ ask }: { ask: (what: string, body: object) => ReturnType<ScimRig['ask']> }): Promise<string> {
  return (await ask('POST Users', sampleUser('late'))).body.id as string;
}
