import { afterAll, beforeAll, expect, it } from 'vitest';
import { receiptOf } from '../../functions/rules/erasure/receipt.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { holding } from '../../local/people/export.ts';
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
