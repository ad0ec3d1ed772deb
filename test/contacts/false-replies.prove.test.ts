import { beforeAll, describe, expect, it } from 'vitest';
import { syncLink } from '../../functions/contacts/sync-link.ts';
import { isClean, isOutstanding } from '../../functions/rules/contacts/link.ts';
import type { FaultRule } from '../../local/emulator/state/faults.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { sized } from '../scope.ts';
import { judgeChange } from '../world/contacts/judge-change.ts';

/** How many users sign in for the first time, and how likely each kind of false reply is. */
const [users, likely] = sized({ test: [400, 0.02], prove: [1_500, 0.008], long: [10_000, 0.002] });
const AT_ONCE = 20;

/** Whose contact the reply to a create shows, under which `sourceId`, and whether one was created. */
const kinds: Partial<FaultRule>[] = [
  { shows: 'another', sourceId: 'null', effect: false },
  { shows: 'another', sourceId: 'absent' },
  { shows: 'another', sourceId: 'theirs' },
  { shows: 'another', sourceId: 'ours', effect: false },
  { shows: 'deleted', sourceId: 'null' },
  { shows: 'deleted', sourceId: 'ours' },
  { shows: 'own', sourceId: 'null' },
];
const rules: FaultRule[] = [
  ...kinds.map((kind): FaultRule => ({ on: 'create', kind: 'false-reply', probability: likely, ...kind })),
  { on: 'patch', kind: 'false-reply', probability: 0.1 },
  { on: 'patch', kind: 'false-reply', sourceId: 'theirs', effect: false, probability: 0.1 },
  { on: 'retrieve', kind: 'false-reply', probability: 0.1 },
  { on: 'retrieve', kind: 'false-reply', shows: 'own', sourceId: 'null', probability: 0.1 },
];

describe.each(['racy', 'atomic', 'none'] as const)(
  'replies that prove nothing, where uniqueness is %s',
  (uniqueness) => {
    const accusations = new Set<string>();
    const answers = new Map<string, Set<string>>();
    let bridge: QuickBridge;
    let struck = 0;

    const note = (userId: string, answer: object): void => {
      if (!('contactId' in answer)) return;
      answers.set(userId, (answers.get(userId) ?? new Set()).add(String(answer.contactId)));
    };
    /** Everybody comes, some of them twice at the same moment. */
    const comeAll = async (userIds: readonly string[], version: number): Promise<void> => {
      for (let from = 0; from < userIds.length; from += AT_ONCE) {
        const some = userIds
          .slice(from, from + AT_ONCE)
          .flatMap((userId, index) => (index % 3 ? [userId] : [userId, userId]));
        await Promise.all(some.map(async (userId) => note(userId, await bridge.identify(userId, version))));
      }
    };
    const serveAll = async (): Promise<void> => {
      for (const { pk } of bridge.links.filter(isOutstanding)) await syncLink(pk, bridge.settings, bridge.deps());
    };

    beforeAll(async () => {
      bridge = await new QuickBridge({ uniqueness, racyWaitMs: 2 }, {}, (change) => {
        const wrong = judgeChange(change);
        if (wrong !== undefined) accusations.add(wrong);
      }).start();
      const first = Array.from({ length: 40 }, (_, index) => `first-${index}`);
      await comeAll(first, 1);
      for (const contact of bridge.maiAgent.store.liveContacts.slice(0, 10)) bridge.maiAgent.store.remove(contact);
      bridge.maiAgent.faults.add(...rules);
      const everybody = Array.from({ length: users }, (_, index) => `user-${index}`);
      await comeAll(everybody, 1);
      await comeAll(everybody.slice(0, users / 4), 2);
      struck = bridge.maiAgent.calls.filter(({ fault }) => fault === 'false-reply').length;
      bridge.maiAgent.faults.clear();
      for (let round = 0; round < 8 && bridge.links.some(isOutstanding); round += 1) {
        bridge.clock.advance(400_000);
        await serveAll();
      }
      await comeAll(everybody, 1);
    }, 1_800_000);

    it('befall more creates than one in a hundred', () => {
      expect(struck).toBeGreaterThan(users / 100);
    });

    it('bind no contact to two links, ever, and no contact ever changes hands', () => {
      const bound = bridge.links.flatMap(({ contactId }) => contactId ?? []);
      expect(new Set(bound).size).toBe(bound.length);
      expect([...accusations]).toEqual([]);
    });

    it('bind nothing but the contact that has the very sourceId', () => {
      const foreign = bridge.links.filter(({ contactId = '', sourceId }) => {
        const row = bridge.maiAgent.store.row(contactId);
        return row?.sourceId !== sourceId;
      });
      expect(foreign).toEqual([]);
    });

    it('lead to one id for each user in every answer, and to none that is not bound', () => {
      const many = [...answers].filter(([, ids]) => ids.size > 1);
      expect(many).toEqual([]);
      const bound = new Map(bridge.links.map(({ pk, contactId }) => [pk, contactId]));
      expect([...answers].filter(([userId, [id]]) => bound.get(`user#${userId}`) !== id)).toEqual([]);
      expect(answers.size).toBe(users + 40);
    });

    it('keep no link from coming to rest, and confirm nothing that is not so', () => {
      expect(bridge.links.filter((link) => isOutstanding(link) || !isClean(link))).toEqual([]);
      const wrong = bridge.links.filter(({ pk, contactId = '', desired }) => {
        return !pk.startsWith('user#first-') && bridge.maiAgent.store.row(contactId)?.name !== desired.name;
      });
      expect(wrong).toEqual([]);
    });
  },
);
