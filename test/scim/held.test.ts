import { afterAll, beforeAll, expect, it } from 'vitest';
import { receiptOf } from '../../functions/rules/erasure/receipt.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { holding } from '../../local/people/export.ts';
import { BroadcastRig } from '../rigs/broadcast-rig.ts';
import { ChangeRig, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleUser, ScimRig, scimSource } from '../rigs/scim-rig.ts';

const other = sourceSchema.parse({ kind: 'generic', name: 'generic' });

let real: RealDeps;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
});
afterAll(() => real.close());

it('an export has what a directory keeps of the person, and of nobody else', async () => {
  const rig = new ScimRig(real);
  const ids: string[] = [];
  for (const name of ['amy', 'ben']) {
    const address = { type: 'home', formatted: `Private Street of ${name}` };
    ids.push((await rig.ask('POST Users', { body: sampleUser(name, { addresses: [address] }) })).body.id as string);
  }
  const members = ids.map((value) => ({ value }));
  await rig.ask('POST Groups', { body: { displayName: 'partners', members } });
  const part = holding('oid-amy', [(await rig.link('oid-amy'))!], rig.settings.sources);
  const rows = (await real.table.rows()) as unknown as { pk: string }[];
  const parts = rows.flatMap((row) => part('table Links', row) || []);
  const kinds = parts.map((row) => (row as { pk: string }).pk.replace(/#.*/, '')).toSorted();
  expect(kinds).toEqual(['scim', 'scim-key', 'scim-key', 'scim-key', 'scim-members', 'user']);
  expect(JSON.stringify(parts)).toContain('Private Street of amy');
  expect(JSON.stringify(parts)).not.toContain('ben');
});

it('a receipt names what the directory keeps, until the directory deletes the user', async () => {
  const sources = [scimSource, other];
  const [rig, changes] = [new ScimRig(real, { sources }), new ChangeRig(real, { sources })];
  const id = (await rig.ask('POST Users', { body: sampleUser('cat') })).body.id as string;
  const left = async () => {
    const keeping = { quarantineDays: 400, logRetentionDays: 30, sources };
    return receiptOf((await rig.link('oid-cat'))!, keeping)?.left.map(({ where }) => where);
  };
  await changes.webhook(event('created', 'oid-cat', 1));
  await changes.webhook(event('deleted', 'oid-cat', 2));
  expect(await left()).toContain('directory');
  await rig.ask(`DELETE Users/${id}`);
  expect(await left()).not.toContain('directory');
});

it('what a directory wrote that the stage does not declare any more goes with an erasure, or is named', async () => {
  const rig = await BroadcastRig.start({ sources: [] });
  const [scim, changes] = [new ScimRig(rig.real), new ChangeRig(rig.real, rig.settings)];
  const office = async (what: string, userId: string) => {
    const claims = { sub: 'office', scope: 'contacts.write' };
    const parameters = { userId };
    return (await rig.ask(what, { claims, parameters, ...(what.startsWith('DELETE') && { body: {} }) })).body;
  };
  const erase = async (userId: string, stage = changes) => {
    await office('DELETE /v1/users/{userId}', userId);
    for (let sweeps = 0; sweeps < 6; sweeps += 1) {
      await stage.sync({ sweep: true });
      rig.real.clock.advance(121_000);
    }
    const { state, left } = await office('GET /v1/users/{userId}/erasure', userId);
    return [state, (left as { where: string }[]).some(({ where }) => where === 'directory'), await rowsOf(userId)];
  };
  // A key that was given back is without its holder, and goes by its time.
  const isLeft = (row: object) => !('expiresAt' in row) || Number(row.expiresAt) * 1000 > rig.real.clock.now();
  const rowsOf = async (userId: string) =>
    (await rig.real.table.rows()).filter(
      (row) => row.pk.startsWith('scim') && isLeft(row) && JSON.stringify(row).includes(userId.replace('oid-', '')),
    ).length;
  const create = async (name: string) => (await scim.ask('POST Users', { body: sampleUser(name) })).body.id as string;
  const members = [{ value: await create('dot') }, { value: await create('eli') }];
  const { body: group } = await scim.ask('POST Groups', { body: { displayName: 'team', members } });

  // The directory is declared while the first one is erased: nothing of it is touched.
  expect((await erase('oid-dot', new ChangeRig(rig.real, scim.settings))).slice(0, 1)).toEqual(['done']);
  expect(await rowsOf('oid-dot')).toBe(4);
  expect((await office('GET /v1/users/{userId}/erasure', 'oid-dot')).left).toContainEqual(
    expect.objectContaining({ where: 'directory', what: expect.stringContaining('not declare any more') }),
  );
  expect(await erase('oid-dot')).toEqual(['done', false, 0]);
  expect(await rowsOf('oid-eli')).toBe(4);
  expect(await erase('oid-eli')).toEqual(['done', false, 0]);
  // The directory comes back to a group without them.
  expect((await scim.ask(`GET Groups/${group.id}`)).body.members).toEqual([]);
  expect((await scim.ask('POST Users', { body: sampleUser('eli') })).status).toBe(201);
  await rig.close();
});

it('an event of a source that is a directory now holds up no erasure, no redrive and no export', async () => {
  const stage = (okta: object) => {
    const rig = new ChangeRig(real, { sources: [other, sourceSchema.parse({ ...okta, name: 'okta' })] });
    rig.otherSecrets = { okta: rig.secrets };
    return rig;
  };
  const bad = { type: 'user.updated', timestamp: 'never', data: { userId: 'zoe-of-okta', version: 1 } };
  const { body } = await stage({ kind: 'generic' }).webhook(bad, { id: 'zoe', parameters: { source: 'okta' } });
  expect(body.status).toBe('quarantined');
  const rig = stage({ kind: 'scim' });
  await rig.webhook(event('created', 'erased-1', 1), { id: 'erased-1' });
  await rig.settle();
  await rig.webhook(event('deleted', 'erased-1', 2), { id: 'erased-2' });
  for (let sweeps = 0; sweeps < 10; sweeps += 1) {
    real.clock.advance(601_000);
    await rig.sync({ sweep: true });
  }
  expect(await rig.link('erased-1')).not.toHaveProperty('erasing');
  expect(real.lines.filter((line) => line.includes('erasure-failed'))).toEqual([]);
  expect(await rig.hear({ redrive: true } as never)).toMatchObject({ found: 1, redriven: 0, left: 1 });
  const part = holding('zoe-of-okta', [], rig.settings.sources);
  const rows = (await real.table.rows()) as unknown as { pk: string }[];
  expect(rows.filter((row) => part('table Links', row))).toHaveLength(1);
});
