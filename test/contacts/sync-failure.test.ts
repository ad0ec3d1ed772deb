import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ChangeRig, sampleSources, event } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';

let real: RealDeps;
let rig: ChangeRig;
beforeAll(async () => {
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
});
afterAll(() => real.close());
afterEach(() => real.table.client.middlewareStack.remove('refuseOne'));

/** The table fails for one row, as it does where a partition is throttled. */
function refuse(pk: string): void {
  real.table.client.middlewareStack.add(
    (next) => (args) => {
      if (JSON.stringify(args.input).includes(`{"S":"${pk}"}`))
        throw new Error('the table does not answer for this row');
      return next(args);
    },
    { step: 'initialize', name: 'refuseOne' },
  );
}

describe('a sweep', () => {
  it('serves all other links where the table fails for one, logs that once, and fails for nobody', async () => {
    const people = ['one', 'two', 'three', 'four'];
    for (const userId of people) await rig.webhook(event('created', userId, 1, { name: 'Sample' }));
    refuse('user#two');
    await rig.sync({ sweep: true });
    expect(people.map((userId) => rig.contactsOf(userId).length)).toEqual([1, 0, 1, 1]);
    expect(real.lines.filter((line) => line.includes('"link-failed"'))).toHaveLength(1);
  });

  it('serves the one too, once the table answers again', async () => {
    await rig.sync({ sweep: true });
    expect(rig.contactsOf('two')).toHaveLength(1);
  });
});
