import { expect, it } from 'vitest';
import { contactFor } from '../../functions/contacts/contact-for.ts';
import type { HttpSend } from '../../functions/io/https.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import { QuickBridge } from '../rigs/quick-bridge.ts';
import { emptyUser } from '../rules/contacts/sample-changes.ts';

it('gives another contact to a user whose contact is removed between the search that found it and the update', async () => {
  const bridge = await new QuickBridge().start();
  const { store, send } = bridge.maiAgent;
  store.addContact({ sourceId: 'another' });
  const found = store.addContact({ sourceId: 'member' });
  const removing: HttpSend = (request) => {
    if (request.method === 'PATCH' && found.deletedAt === null) store.remove(found);
    return send(request);
  };
  const change = { source: 'api', kind: 'update', version: timeVersion(1), told: emptyUser } as const;
  const member = { kind: 'user', userId: 'member' } as const;
  const answer = await contactFor(member, () => change, bridge.settings, bridge.deps(removing));
  expect(answer).toMatchObject({ outcome: 'created', contactId: expect.not.stringContaining(found.id) });
  expect(bridge.links).toMatchObject([{ generation: 2, sourceId: 'member~2' }]);
});
