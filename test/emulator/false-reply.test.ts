import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../local/emulator/state/faults.ts';
import { live, newContact, useEmulator } from './platform.ts';

describe.skipIf(live)('a false reply', () => {
  const bench = useEmulator();
  const add = (rule: Partial<FaultRule> & Pick<FaultRule, 'on'>) =>
    bench.emulator.faults.add({ kind: 'false-reply', ...rule });
  const store = () => bench.emulator.store;
  const mine = { ...newContact(), sourceId: 'mine' };
  const withAnother = () => store().addContact({ sourceId: 'theirs', name: 'Somebody Else' });

  it.each([
    ['null', null],
    ['absent', undefined],
    ['theirs', 'theirs'],
    ['ours', 'mine'],
  ] as const)('shows another contact with the sourceId %s', async (sourceId, shown) => {
    const another = withAnother();
    add({ on: 'create', sourceId });
    const { status, json } = await bench.api('POST', 'contacts/', mine);
    expect([status, json['id'], json['name'], json['sourceId']]).toEqual([201, another.id, 'Somebody Else', shown]);
    expect(store().liveContacts.map((one) => one.sourceId)).toEqual(['theirs', 'mine']);
  });

  it('shows it although nothing was created', async () => {
    const another = withAnother();
    add({ on: 'create', effect: false });
    const { status, json } = await bench.api('POST', 'contacts/', mine);
    expect([status, json['id']]).toEqual([201, another.id]);
    expect(store().contacts).toHaveLength(1);
  });

  it('shows a contact that was deleted', async () => {
    withAnother();
    const deleted = store().addContact({ sourceId: 'gone' });
    store().remove(deleted);
    add({ on: 'create', shows: 'deleted', sourceId: 'theirs' });
    const { json } = await bench.api('POST', 'contacts/', mine);
    expect([json['id'], json['sourceId']]).toEqual([deleted.id, 'gone']);
  });

  it('shows the right contact without its sourceId, in the case of the switch', async () => {
    bench.emulator.switches.responseCase = 'snake';
    add({ on: 'create', shows: 'own' });
    const { json } = await bench.api('POST', 'contacts/', mine);
    expect([json['id'], json['source_id'], 'sourceId' in json]).toEqual([store().contacts[0]?.id, null, false]);
  });

  it.each(['PATCH', 'PUT', 'GET'])(
    'answers a %s with another contact, whether or not it had its effect',
    async (method) => {
      const operations = { PATCH: 'patch', PUT: 'put', GET: 'retrieve' } as const;
      const on = operations[method as keyof typeof operations];
      const another = withAnother();
      const own = store().addContact({ sourceId: 'mine', name: 'Before' });
      for (const effect of [false, true]) {
        add({ on, effect });
        const change = method === 'GET' ? undefined : { ...mine, name: 'After' };
        const { status, json } = await bench.api(method, `contacts/${own.id}/`, change);
        expect([status, json['id']]).toEqual([200, another.id]);
        expect(own.name).toBe(effect && method !== 'GET' ? 'After' : 'Before');
      }
    },
  );

  it('is the true one where there is no other contact, and a refusal stays a refusal', async () => {
    add({ on: 'create' });
    add({ on: 'create' });
    expect((await bench.api('POST', 'contacts/', mine)).json['sourceId']).toBe('mine');
    withAnother();
    expect((await bench.api('POST', 'contacts/', { inboxes: [] })).status).toBe(400);
  });

  it.each<[Partial<FaultRule>, string]>([
    [{ on: 'list' }, 'false-reply goes with create, retrieve, put, patch'],
    [{ on: 'any' }, 'false-reply goes with create, retrieve, put, patch'],
    [{ on: 'create', shows: 'nobody' as never }, 'shows Invalid option'],
    [{ on: 'create', sourceId: 'mine' as never }, 'sourceId Invalid option'],
    [{ on: 'create', effect: 1 as never }, 'effect Invalid input: expected boolean'],
    [{ on: 'create', shows: 'own', effect: false }, 'shows own needs a contact of its own'],
    [{ on: 'create', kind: '500', shows: 'own' }, 'shows, sourceId and effect go with the kind false-reply'],
  ])('is refused as a rule: %j', (rule, text) => {
    expect(() => add(rule as FaultRule)).toThrow(text);
  });
});
