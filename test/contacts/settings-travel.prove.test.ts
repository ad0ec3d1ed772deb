import { expect, it } from 'vitest';
import type { HttpSend } from '../../functions/io/https.ts';
import { isOutstanding } from '../../functions/rules/contacts/link.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import { subjectOf } from '../../functions/rules/contacts/subject.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { SECOND_PASS_AFTER_MS } from '../../functions/rules/evaluation.ts';
import { mortal } from '../rigs/mortal.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { QuickSync } from '../rigs/quick-sync.ts';
import { samplePermissions } from '../rigs/sample-settings.ts';
import { wholeUser } from '../rules/contacts/sample-changes.ts';
import { sized } from '../scope.ts';

const LINKS = sized({ test: 5_000, prove: 20_000, long: 20_000 });
const AFFECTED = (LINKS * 4) / 5;
/** A process dies at every so many boundaries, before or after the effect; a prime number, so that it is never the same one. */
const DIES_EACH = sized({ test: 1_499, prove: 4_999, long: 4_999 });
/** So many of the updates are sent when somebody is disabled. */
const DISABLED_AFTER = AFFECTED / 2;
/** Links that are under way at a time in one process. */
const UNDER_WAY = 8;

const stricter = { none: samplePermissions.none, rules: samplePermissions.rules.slice(1) };
const isAffected = (index: number): boolean => index % 5 !== 0;
const pkOf = (index: number) => `user#person-${index}`;
const change = { source: 'api', kind: 'update', version: timeVersion(1) } as const;

/** `LINKS` people in sync under the sample rules. */
async function everybody(bridge: QuickBridge): Promise<void> {
  const earlier = new QuickSync(bridge, { deployment: 1 });
  for (let index = 0; index < LINKS; index += 1) {
    const told = wholeUser({ roles: [isAffected(index) ? 'staff' : 'guest'] });
    await earlier.take(subjectOf(pkOf(index)), { ...change, told });
  }
  // The emulator looks at every contact for each search, and here each of them would find nobody.
  const nobody = JSON.stringify({ count: 0, next: null, previous: null, results: [] });
  const headers = { 'content-type': 'application/json' };
  const send: HttpSend = async (request) =>
    request.method === 'GET' ? { kind: 'reply', status: 200, headers, body: nobody } : bridge.maiAgent.send(request);
  await earlier.settle({ client: bridge.database.client, send });
}

it(
  `${AFFECTED} of ${LINKS} contacts follow other rules through killed processes, and a disable in the middle is the next call`,
  { timeout: 1_800_000 },
  async () => {
    // The emulator would look at all contacts to refuse a second one of the same person. Here a second one would be seen in the end.
    const bridge = await new QuickBridge({ uniqueness: 'none' }).start();
    await everybody(bridge);
    const former = new Map(bridge.links.map((link) => [link.pk, link]));
    const later = new QuickSync(bridge, { deployment: 2, permissions: stricter });

    const sent: string[] = [];
    let [disabled, disabledAt] = ['', -1];
    const send: HttpSend = async (request) => {
      if (request.method === 'PATCH') sent.push(request.url.pathname);
      if (sent.length === DISABLED_AFTER && disabledAt < 0) {
        disabledAt = sent.length;
        const last = bridge.links.findLast((link) => isOutstanding(link) && link.leaseOwner === undefined);
        disabled = last?.pk ?? '';
        await later.take(subjectOf(disabled), { source: 'api', kind: 'disable', version: timeVersion(2) });
      }
      return bridge.maiAgent.send(request);
    };

    let [crossings, deaths] = [0, 0];
    const dies = (): boolean => (crossings += 1) % DIES_EACH === 0;
    const isDone = () => deaths > 0 && !bridge.links.some(isOutstanding);
    for (let minutes = 0, isLate = false; !isLate; minutes += 1) {
      isLate = minutes > SECOND_PASS_AFTER_MS / 60_000 && isDone();
      // Two at a time, as the deployment lets run; nobody who dies remembers anything.
      const ways = [0, 1].map(() => mortal({ client: bridge.database.client, send }, dies));
      const ends = await Promise.all(ways.map((way) => way.run(later.process(way).sweep())));
      deaths += ends.filter((end) => end === 'killed').length;
      bridge.clock.advance(60_000);
      expect(minutes).toBeLessThan(1_000);
    }
    expect(deaths).toBeGreaterThan(5);
    // Nobody dies any more: every segment is gone through twice.
    await later.settle();

    const { store } = bridge.maiAgent;
    expect(store.liveContacts).toHaveLength(LINKS);
    const none = queryMetadataOf(samplePermissions.none);
    for (const { pk, contactId = '' } of bridge.links)
      expect(store.contact(contactId)?.queryMetadata, pk).toEqual(none);
    const written = bridge.links.filter(({ pk, revision }) => former.get(pk)?.revision !== revision);
    expect(written.map(({ pk }) => pk).toSorted()).toEqual(
      [...former.keys()].filter((pk) => isAffected(Number(pk.split('-').at(-1)))).toSorted(),
    );
    expect(
      written.filter(({ pk, revision }) => pk !== disabled && revision !== (former.get(pk)?.revision ?? 0) + 1),
    ).toEqual([]);
    const called = new Set(sent.map((path) => path.split('/').findLast((part) => part !== '')));
    const untouched = bridge.links.filter(({ pk }) => !written.some((one) => one.pk === pk));
    expect(untouched.filter(({ contactId = '' }) => called.has(contactId))).toEqual([]);

    const contact = former.get(disabled)?.contactId ?? 'nobody';
    const at = sent.findIndex((path, index) => index >= disabledAt && path.includes(contact));
    expect(at - disabledAt).toBeGreaterThanOrEqual(0);
    expect(at - disabledAt).toBeLessThanOrEqual(2 * UNDER_WAY);
  },
);
