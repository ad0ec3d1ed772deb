import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accused } from '../run-cases.ts';
import { runBroadcastCase } from './crash-case.ts';
import { startBroadcastGround, type BroadcastGround } from './ground.ts';

let ground: BroadcastGround;
beforeAll(async () => {
  ground = await startBroadcastGround();
});
afterAll(() => ground.close());

describe('a held answer', () => {
  const strike = { boundary: 'maiagent:broadcast', occurrence: 1, fault: 'freeze' } as const;

  it('that comes when its claim was settled as unknown makes everybody sent whom it names', async () => {
    const outcome = await runBroadcastCase(
      {
        id: 'late evidence',
        acts: ['create-now', 'sweep'],
        strike,
        rival: ['maiagent-blind', 'claim-passes', 'end-run', 'maiagent-well'],
      },
      ground,
    );
    expect(accused([outcome])).toEqual([]);
    // More than a day has passed, so that the run itself may count as expired.
    expect(outcome.end).toMatch(/^done .* sent sent sent$/);
  });

  it('leaves everybody unknown who could not be read, when it never comes', async () => {
    const outcome = await runBroadcastCase(
      { id: 'no evidence', acts: ['create-now', 'maiagent-silent', 'sweep', 'maiagent-blind', 'end-run'] },
      ground,
    );
    expect(accused([outcome])).toEqual([]);
    expect(outcome.end).toMatch(/^done .* unknown unknown unknown$/);
  });

  it('that comes when the broadcast was cancelled meanwhile still says who has the message', async () => {
    const outcome = await runBroadcastCase(
      { id: 'late evidence of a cancelled run', acts: ['create-now', 'sweep'], strike, rival: ['cancel', 'sweep'] },
      ground,
    );
    expect(accused([outcome])).toEqual([]);
    expect(outcome.end).toBe('cancelled | cancelled sent sent sent');
  });
});

describe('a held request', () => {
  it('that arrives in the last moment of its claim is found', async () => {
    const strike = { boundary: 'maiagent:broadcast', occurrence: 1, fault: 'hold' } as const;
    const outcome = await runBroadcastCase({ id: 'late arrival', acts: ['create-now', 'sweep'], strike }, ground);
    expect(accused([outcome])).toEqual([]);
    expect(outcome.end).toBe('done | finished sent sent sent');
  });

  it('to make a schedule, overtaken by a cancel, leaves no schedule behind', async () => {
    const outcome = await runBroadcastCase(
      { id: 'overtaken', acts: ['create-at', 'sweep'], meeting: { at: 6, acts: ['cancel', 'sweep'] } },
      ground,
    );
    expect(outcome.crossed[6]).toBe('scheduler:make');
    expect(accused([outcome])).toEqual([]);
    expect(outcome.end).toBe('cancelled');
  });
});

describe('what the crash tests of broadcasts found', () => {
  it('leaves a run alone that another worker has ended', async () => {
    // The slower worker found it ended, ended it again in vain, and then left it due for ever.
    const outcome = await runBroadcastCase(
      {
        id: 'planned by two',
        acts: ['create-now', 'sweep'],
        strike: { boundary: 'table:plan', occurrence: 1, fault: 'hold' },
      },
      ground,
    );
    expect(accused([outcome])).toEqual([]);
  });

  it('does not take the message of a later run for that of an earlier one', async () => {
    // Both say the same, and nobody could look before the later one was sent.
    const outcome = await runBroadcastCase(
      {
        id: 'two runs that say the same',
        acts: ['create-rate', 'sweep', 'fire', 'fire'],
        strike: { boundary: 'maiagent:broadcast', occurrence: 1, fault: 'drop' },
      },
      ground,
    );
    expect(accused([outcome])).toEqual([]);
    expect(outcome.end).toBe('active | finished failed failed failed | finished sent sent sent');
  });
});

describe('a broadcast of many parcels', () => {
  it('leaves a parcel alone that another worker has claimed meanwhile, whose answer is still out', async () => {
    const acts = ['create-now', 'maiagent-silent-once', 'sweep', 'claim-passes', 'sweep'] as const;
    const outcome = await runBroadcastCase(
      {
        id: 'late claim',
        crowd: 'everyone',
        acts,
        strike: { boundary: 'table:claim', occurrence: 1, fault: 'hold' },
        rival: ['turn-passes', 'sweep'],
      },
      ground,
    );
    expect(accused([outcome])).toEqual([]);
    expect(outcome.end).toBe('done | finished sent sent sent skipped sent sent');
  });

  it('ends before the next one begins, so that no message can be taken for that of the other', async () => {
    const outcome = await runBroadcastCase(
      {
        id: 'two runs at the same minute',
        acts: ['create-rate', 'sweep', 'maiagent-down', 'fire', 'maiagent-well', 'fire', 'sweep'],
        strike: { boundary: 'maiagent:broadcast', occurrence: 2, fault: 'drop' },
      },
      ground,
    );
    expect(accused([outcome])).toEqual([]);
    expect(outcome.end).toBe('active | expired skipped skipped skipped | finished failed failed failed');
  });
});
