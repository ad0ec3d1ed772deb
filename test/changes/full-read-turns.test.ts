import { expect, it } from 'vitest';
import { readFully, type FullReadDeps } from '../../functions/changes/full-read.ts';
import { sourceSchema } from '../../functions/rules/sources/source.ts';
import { client } from '../rigs/read-store-rig.ts';

it('a store that takes all of the time keeps no other one from being read fully', async () => {
  const sources = ['slow', 'other'].map((name) => {
    const read = { issuer: 'https://id.corp.example/realms/x', clientId: client.id, fullReadHours: 24 };
    return sourceSchema.parse({
      kind: 'keycloak',
      name,
      proof: { mode: 'hmac' },
      read,
      fields: { roles: 'realmRoles' },
    });
  });
  const asked: string[] = [];
  let elapsed = 0;
  const none = () => undefined;
  const deps = {
    settings: { sources },
    clock: { now: () => 1_800_000_000_000 + elapsed, elapsed: () => elapsed },
    log: { warn: none, note: none, error: none, count: none },
    fullReads: { read: () => Promise.resolve(undefined), move: () => Promise.resolve(true) },
    storeOf: ({ name }: { name: string }) => ({
      list: () => {
        asked.push(name);
        elapsed += 20_000;
        return Promise.resolve({ kind: 'failed', code: 'store_unreachable', isOutage: true });
      },
    }),
  };
  for (let minute = 0; minute < 4; minute += 1) {
    await readFully(deps as unknown as FullReadDeps);
    elapsed += 60_000 - (elapsed % 60_000);
  }
  expect(asked).toEqual(['slow', 'other', 'slow', 'other']);
});
