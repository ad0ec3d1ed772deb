import { afterAll, beforeAll, expect, it } from 'vitest';
import { shown } from '../../functions/rules/scim/answer.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleUser, ScimRig } from '../rigs/scim-rig.ts';

/** Lambda takes and gives so much for a synchronous invocation (AWS, "Lambda quotas"). */
const LAMBDA_BYTES = 6_291_456;
const USERS = 100;
/** As it leaves the function: the body is a text inside of JSON. */
const bytesOf = (body: unknown): number => Buffer.byteLength(JSON.stringify({ body: JSON.stringify(body) }));

let real: RealDeps;
let rig: ScimRig;
beforeAll(async () => {
  real = await startDeps({ isStanding: true });
  rig = new ScimRig(real);
});
afterAll(() => real.close());

it('a page of users at their largest is cut where an answer ends, and the next one goes on there', async () => {
  // Written as JSON inside of JSON, each of these is three bytes.
  const title = '"'.repeat(32_000);
  const created = Array.from({ length: USERS }, async (_, at) =>
    rig.ask('POST Users', { body: sampleUser(`${at}`, { title }) }),
  );
  expect((await Promise.all(created)).every(({ status }) => status === 201)).toBe(true);
  const seen = new Set<string>();
  for (const filter of [undefined, 'title pr']) {
    seen.clear();
    for (let startIndex = 1, pages = 0; seen.size < USERS; pages += 1) {
      const query = { startIndex: `${startIndex}`, ...(filter !== undefined && { filter }) };
      const { status, body } = await rig.ask('GET Users', { query });
      expect([status, body.totalResults, body.itemsPerPage]).toEqual([200, USERS, body.Resources.length]);
      expect([bytesOf(body) < LAMBDA_BYTES, body.itemsPerPage > 0, pages < 10]).toEqual([true, true, true]);
      for (const { id } of body.Resources) seen.add(id as string);
      startIndex += body.itemsPerPage as number;
    }
  }
});

it('a group of as many members as fit in a transaction is shown whole', () => {
  const members = Array.from({ length: 40_000 }, (_, at) => `${at}`.padEnd(64, 'x'));
  const group = { id: 'x'.repeat(64), document: { displayName: 'x' }, revision: 1, createdAtMs: 1, changedAtMs: 1 };
  expect(bytesOf(shown('Group', group, `https://${'x'.repeat(200)}`, members))).toBeLessThan(LAMBDA_BYTES);
});
