import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCase } from './crash-case.ts';
import { startGround, type Ground } from './jobs.ts';
import { accused } from './run-cases.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await startGround('racy');
});
afterAll(() => ground.close());

describe('what the crash tests found', () => {
  it('strikes off each of two former lives that one user left behind', async () => {
    // The row's list of them was compared and replaced under one placeholder, and so never became shorter.
    const outcome = await runCase(
      {
        id: 'two former lives',
        setup: 'to be recreated',
        acts: ['told-deleted'],
        meeting: { at: 0, act: 'told-created' },
      },
      ground,
    );
    expect(accused([outcome])).toEqual([]);
  });
});
