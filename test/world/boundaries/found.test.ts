import { describe, expect, it } from 'vitest';
import type { BroadcastAct } from '../broadcasts/campaign.ts';
import type { CrowdName } from '../broadcasts/crowd.ts';
import { broadcastPlot } from '../broadcasts/plot.ts';
import { contactPlot } from '../contacts/plot.ts';
import { accused, runCase, type Case, type Outcome } from './case.ts';

type BroadcastCase = Omit<Case<BroadcastAct, CrowdName>, 'start'> & { readonly start?: CrowdName };

/** Runs a case that must be accused of nothing, and in which its fault must have struck. */
async function blameless(crash: BroadcastCase): Promise<Outcome> {
  const outcome = await runCase({ start: 'three', ...crash }, broadcastPlot);
  expect(accused([outcome])).toEqual([]);
  expect(outcome.struck).toHaveLength(crash.strike ? 1 : 0);
  return outcome;
}

describe('a held answer', () => {
  const strike = { boundary: 'maiagent:broadcast', occurrence: 1, fault: 'freeze' } as const;

  it('that comes when its claim was settled as unknown makes everybody sent whom it names', async () => {
    const outcome = await blameless({
      id: 'late evidence',
      acts: ['create-now', 'sweep'],
      strike,
      rival: ['maiagent-blind', 'claim-passes', 'end-run', 'maiagent-well', 'claim-passes'],
    });
    // More than a day has passed, so that the run itself may count as expired.
    expect(outcome.end).toMatch(/^done .* sent sent sent$/);
  });

  it('leaves everybody unknown who could not be read, when it never comes', async () => {
    const outcome = await blameless({
      id: 'no evidence',
      acts: ['create-now', 'maiagent-silent', 'sweep', 'maiagent-blind', 'end-run'],
    });
    expect(outcome.end).toMatch(/^done .* unknown unknown unknown$/);
  });

  it('that comes when the broadcast was cancelled meanwhile still says who has the message', async () => {
    const outcome = await blameless({
      id: 'late evidence of a cancelled run',
      acts: ['create-now', 'sweep'],
      strike,
      rival: ['cancel', 'sweep', 'claim-passes'],
    });
    expect(outcome.end).toBe('cancelled | cancelled sent sent sent');
  });
});

describe('a held request', () => {
  it('that arrives in the last moment of its claim is found', async () => {
    const strike = { boundary: 'maiagent:broadcast', occurrence: 1, fault: 'hold' } as const;
    const outcome = await blameless({ id: 'late arrival', acts: ['create-now', 'sweep'], strike });
    expect(outcome.end).toBe('done | finished sent sent sent');
  });

  it('to make a schedule, overtaken by a cancel, leaves no schedule behind', async () => {
    const outcome = await blameless({
      id: 'overtaken',
      acts: ['create-at', 'sweep'],
      meeting: { at: 6, acts: ['cancel', 'sweep'] },
    });
    expect(outcome.crossed[6]).toBe('scheduler:make');
    expect(outcome.end).toBe('cancelled');
  });
});

describe('what the crash tests of broadcasts found', () => {
  it('leaves a run alone that another worker has ended', async () => {
    // The slower worker found it ended, ended it again in vain, and then left it due for ever.
    const outcome = await blameless({
      id: 'planned by two',
      acts: ['create-now', 'sweep'],
      strike: { boundary: 'table:plan', occurrence: 1, fault: 'hold' },
    });
    expect(outcome.end).toBe('done | finished sent sent sent');
  });

  it('does not take the message of a later run for that of an earlier one', async () => {
    // Both say the same, and nobody could look before the later one was sent.
    const outcome = await blameless({
      id: 'two runs that say the same',
      acts: ['create-rate', 'sweep', 'fire', 'fire'],
      strike: { boundary: 'maiagent:broadcast', occurrence: 1, fault: 'drop' },
    });
    expect(outcome.end).toBe('active | finished failed failed failed | finished sent sent sent');
  });
});

describe('a firing whose call failed', () => {
  const claims: BroadcastCase['acts'] = ['claim-passes', 'claim-passes', 'claim-passes'];
  const late: BroadcastCase['acts'] = ['create-at', 'sweep', 'fire-late', ...claims, 'sweep'];

  // Its broadcast was given up a few minutes before the call was repeated, and nobody ever heard of the firing.
  it.each([
    { boundary: 'table:read-broadcast', occurrence: 3, fault: 'kill-before' },
    { boundary: 'table:read-broadcast', occurrence: 3, fault: 'fail' },
    { boundary: 'table:start', occurrence: 1, fault: 'kill-before' },
  ] as const)(
    'and that came later than it may still finds its broadcast, so that its run expires: $fault at $boundary',
    async (strike) => {
      const outcome = await blameless({
        id: `late and repeated/${strike.boundary}/${strike.fault}`,
        acts: late,
        strike,
      });
      expect(outcome.end).toBe('done | expired');
    },
  );

  it('and that came later than it may still finds its broadcast after a freeze over which others look for it', async () => {
    const outcome = await blameless({
      id: 'late and frozen',
      acts: late,
      strike: { boundary: 'table:read-broadcast', occurrence: 3, fault: 'freeze' },
      meeting: { at: 12, acts: ['sweep'] },
    });
    expect(outcome.crossed[12]).toBe('table:start');
    expect(outcome.end).toBe('done | expired');
  });

  it('starts nothing when it is repeated hours later, as its broadcast has failed meanwhile', async () => {
    const outcome = await blameless({
      id: 'repeated in vain',
      acts: ['create-at', 'sweep', 'fire', 'hours-pass', 'sweep'],
      strike: { boundary: 'table:read-run', occurrence: 1, fault: 'kill-before' },
    });
    expect(outcome.end).toBe('failed');
  });
});

describe('a broadcast of many batches', () => {
  it('leaves a batch alone that another worker has claimed meanwhile, whose answer is still out', async () => {
    const acts = ['create-now', 'maiagent-silent-once', 'sweep', 'claim-passes', 'sweep'] as const;
    const outcome = await blameless({
      id: 'late claim',
      start: 'everyone',
      acts,
      strike: { boundary: 'table:claim', occurrence: 1, fault: 'hold' },
      rival: ['turn-passes', 'sweep', 'claim-passes'],
    });
    expect(outcome.end).toBe('done | finished sent sent sent skipped sent sent');
  });

  it('ends before the next one begins, so that no message can be taken for that of the other', async () => {
    const outcome = await blameless({
      id: 'two runs at the same minute',
      acts: ['create-rate', 'sweep', 'maiagent-down', 'fire', 'maiagent-well', 'fire', 'sweep'],
      strike: { boundary: 'maiagent:broadcast', occurrence: 2, fault: 'drop' },
    });
    expect(outcome.end).toBe('active | expired skipped skipped skipped | finished failed failed failed');
  });
});

describe('a user', () => {
  it('is rid of each of two former lives', async () => {
    // The row's list of them was compared and replaced under one placeholder, and so never became shorter.
    const meeting = { at: 0, acts: ['told-created'] } as const;
    const outcome = await runCase(
      { id: 'two former lives', start: 'to be recreated', acts: ['told-deleted'], meeting },
      contactPlot,
    );
    expect(accused([outcome])).toEqual([]);
  });
});
