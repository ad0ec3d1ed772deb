import { describe, expect, it } from 'vitest';
import { beginnings, between, sweeps, trouble, weaknesses, type State, type Weakness } from './due-work.ts';

const keyOf = (state: State): string => JSON.stringify(state);

/** Everything that can be reached from these by these steps. */
function closure(from: readonly State[], steps: (state: State) => readonly State[]): ReadonlyMap<string, State> {
  const found = new Map(from.map((state) => [keyOf(state), state]));
  for (const state of found.values())
    for (const one of steps(state)) if (!found.has(keyOf(one))) found.set(keyOf(one), one);
  return found;
}

/**
 * The reachable states in which A can wait for ever although all trouble has ended and sweeps go on coming: the largest set of states
 * from each of which some sweep leads back into it.
 */
function starving(weak?: Weakness): { readonly reachable: number; readonly starved: readonly State[] } {
  const all = closure(beginnings, (state) =>
    state.isServed ? [] : [...between(state, weak), ...trouble(state), ...sweeps(state, true, weak)],
  );
  const waiting = new Map([...all].filter(([, { isServed, isUp }]) => !isServed && isUp));
  const after = new Map(
    [...waiting].map(([key, state]) => {
      const ready = [...closure([state], (one) => between(one, weak)).values()];
      // A delay ends after five minutes: it is not put off for ever.
      const fair = ready.filter(({ away }) => !away.includes('A'));
      return [key, (fair.length > 0 ? fair : ready).flatMap((one) => sweeps(one, false, weak)).map(keyOf)] as const;
    }),
  );
  for (let isStable = false; !isStable;) {
    isStable = true;
    for (const key of waiting.keys()) {
      if (after.get(key)?.some((one) => waiting.has(one))) continue;
      waiting.delete(key);
      isStable = false;
    }
  }
  return { reachable: all.size, starved: [...waiting.values()] };
}

describe('due work', () => {
  it('is served from every state that can be reached, once MaiAgent is up and sweeps go on coming', () => {
    const { reachable, starved } = starving();
    expect(reachable).toBeGreaterThan(1_000);
    expect(starved).toEqual([]);
  });

  it.each(weaknesses)('could wait for ever if %s', (weak) => {
    expect(starving(weak).starved.length).toBeGreaterThan(0);
  });
});
