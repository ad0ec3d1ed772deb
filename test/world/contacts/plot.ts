import type { Plot } from '../boundaries/case.ts';
import { judgeChange } from './judge-change.ts';
import { judgeReceipt } from './judge-receipt.ts';
import { Person, type Act } from './person.ts';
import { settlePeople } from './settle.ts';
import { setUp, type Setup } from './setups.ts';

/** Stories of one user. */
export const contactPlot: Plot<Act, Setup> = {
  async begin(setup, id, world) {
    const person = new Person(world, id);
    await setUp(setup, person);
    world.changed.push((change) => {
      const wrong = judgeChange(change);
      if (wrong !== undefined) person.accuse(wrong);
      judgeReceipt(person);
    });
    return person;
  },
  rival: ['lease-passes', 'sync', 'sign-in'],
  look: ['sync', 'sign-in'],
  async settle(player, { isSyncFirst }) {
    await settlePeople([player as Person], isSyncFirst);
    return '';
  },
};
