import { describe, expect, it } from 'vitest';
import { explore, event, type Model, type Step } from './explore.ts';

interface Counter {
  readonly count: number;
}
const to = (kind: Step<Counter>['kind'], count: number): Step<Counter> => ({
  kind,
  does: `count ${count}`,
  to: { count },
});

/** Counts to 9, one or three at a time, and is at rest at 9. */
const counter: Model<Counter> = {
  start: { count: 0 },
  steps: ({ count }) => [1, 3].flatMap((by) => (count + by <= 9 ? [to('progress', count + by)] : [])),
  breachIn: () => undefined,
  isSettled: ({ count }) => count === 9,
};

describe('explore', () => {
  it('meets every state once and every step', () => {
    expect(explore(counter)).toEqual({ states: 10, steps: 16, settled: 1, story: undefined });
  });

  it('tells the shortest way to a state that is wrong', () => {
    const breachIn = ({ count }: Counter) => (count === 7 ? { invariant: 1, because: 'seven is wrong' } : undefined);
    const { story } = explore({ ...counter, breachIn });
    expect(story).toEqual({ invariant: 1, because: 'seven is wrong', steps: ['count 1', 'count 4', 'count 7'] });
    expect(story && event(story)).toBe(
      '  1. count 1\n  2. count 4\n  3. count 7\n     Invariant 1 does not hold: seven is wrong.',
    );
  });

  it('tells of a step that is wrong although its state is known', () => {
    const back = { ...to('demand', 0), breach: { invariant: 2, because: 'it goes back' } };
    const steps = (state: Counter) => [...counter.steps(state), ...(state.count === 3 ? [back] : [])];
    expect(explore({ ...counter, steps }).story?.steps).toEqual(['count 3', 'count 0']);
  });

  it('misses the rest that only faults and demands lead to', () => {
    const steps = (state: Counter) => [
      ...counter.steps(state),
      ...(state.count === 2 ? [to('fault', 10)] : []),
      ...(state.count === 10 ? [to('demand', 9), to('fault', 9)] : []),
    ];
    expect(explore({ ...counter, steps }).story).toMatchObject({
      invariant: 14,
      steps: ['count 1', 'count 2', 'count 10'],
    });
  });

  it('finds the rest through a circle', () => {
    const steps = (state: Counter) => [...counter.steps(state), ...(state.count === 5 ? [to('progress', 2)] : [])];
    expect(explore({ ...counter, steps }).story).toBeUndefined();
  });

  it('explores only one of two states that differ by names alone', () => {
    const canonical = ({ count }: Counter) => ({ count: count === 8 ? 7 : count });
    expect(explore({ ...counter, canonical, isSettled: ({ count }) => count >= 7 }).states).toBe(9);
  });
});
