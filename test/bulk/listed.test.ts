import { expect, it } from 'vitest';
import { listed } from '../../local/bulk/audit.ts';
import type { Deployment } from '../../local/commands/deployment.ts';

it('a contact that a moving list shows on two pages is one', async () => {
  const page = (contactId: string, next?: string) => ({
    looks: [{ pk: 'user#a', contactId: 'of-a' }],
    orphans: [{ contactId, sourceId: 'b' }],
    seen: ['of-a', contactId],
    next,
  });
  const pages = [page('one', 'page=2'), page('one', 'page=3'), page('two')];
  const callSync = async () => ({ kind: 'answered', payload: pages.shift() }) as const;
  const { looks, orphans, seen } = await listed({ callSync } as unknown as Deployment);
  expect(looks).toEqual([{ pk: 'user#a', contactId: 'of-a' }]);
  expect(orphans.map(({ contactId }) => contactId)).toEqual(['one', 'two']);
  expect([...seen]).toEqual(['of-a', 'one', 'two']);
});
