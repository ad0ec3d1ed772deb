import { describe, expect, it } from 'vitest';
import { seed as firstSeed, sized } from '../../scope.ts';
import { judgeChange } from '../contacts/judge-change.ts';
import { families, gap, paces, randomOf } from '../random.ts';
import { changeActs, Member } from '../readings/member.ts';
import { begin, settle, setups } from '../readings/plot.ts';
import { World } from '../world.ts';
import { Seeded } from './seeded.ts';

const stories = sized({ test: 20, prove: 500, long: 20_000 });
const jobs = ['sign-in', 'sign-in', 'read', 'read', 'read', 'refresh', 'sync', 'sweep'] as const;

/** The minute comes soon after what was told: sooner than it would, so that both are at it at once. */
const reads = (tellings: readonly number[], afterMs: number, member: Member) =>
  tellings.map((ms) => ({ ms: ms + afterMs, act: 'read', attempt: member.prepare('read') }));

/** One or two people of a store that is read, everybody at once, with latencies and faults by the seed; what is accused in the end. */
async function tell(seed: number): Promise<{ accusations: string[]; struck: number; readings: number }> {
  const random = randomOf(seed, families.reading);
  const world = await World.open({ indexLagMs: random.one([0, 20, 1_000]) });
  const accusations = new Set<string>();
  async function play(): Promise<void> {
    const members = Array.from({ length: 1 + random.below(2) }, (_, at) => new Member(world, `${at}-of-${seed}`));
    for (const member of members) await begin(random.one(setups), member);
    world.changed.push((change) => accusations.add(judgeChange(change) ?? ''));
    world.isRough = true;
    const pace = random.one(paces);
    let atMs = 0;
    for (let number = 0; number < 4 + random.below(12); number += 1) {
      atMs += gap(random, pace);
      const member = random.one(members);
      const act = random.isLikely(0.35) ? random.one(jobs) : (`late ${random.one(changeActs)}` as const);
      const tellings = [random.isLikely(0.3) ? gap(random, pace) : 0];
      if (random.isLikely(0.2)) tellings.push(gap(random, pace));
      world.time.in(atMs, () => {
        // What happens at the store happens now, and is told some time later, perhaps twice.
        const attempt = member.prepare(act);
        const readAfterMs = random.below(random.one([300, 3_000, 10_000]));
        const all = [...tellings.map((ms) => ({ ms, act, attempt })), ...reads(tellings, readAfterMs, member)];
        for (const [copy, { ms, act: doing, attempt: make }] of all.entries())
          world.time.in(ms, () => {
            const name = `step ${number}, ${doing}, copy ${copy}`;
            const adversary = new Seeded(
              name,
              [families.step, number, copy],
              'links',
              { seed, spared: new Set() },
              world,
            );
            world.start(make(adversary), name);
          });
      });
    }
    await world.time.quiet();
    world.isRough = false;
    await settle(members, random.isLikely(0.5));
    for (const member of members) for (const one of member.accusations) accusations.add(one);
  }
  try {
    await world.time.run(play());
  } finally {
    await world.close();
  }
  accusations.delete('');
  const count = (pattern: RegExp) => world.happenings.filter(({ what }) => pattern.test(what)).length;
  return {
    accusations: [...accusations, ...world.bugs()],
    struck: count(/^(table|store|maiagent):\S+ \(/),
    readings: count(/^store:user/),
  };
}

describe('people of a store that is read', () => {
  it(`have what the bridge promises in ${stories} schedules of events, readings, sign-ins and faults`, async () => {
    let [struck, readings] = [0, 0];
    for (let number = 0; number < stories; number += 1) {
      const seed = firstSeed + number;
      const outcome = await tell(seed);
      expect({ seed, accusations: outcome.accusations }).toEqual({ seed, accusations: [] });
      struck += outcome.struck;
      readings += outcome.readings;
    }
    expect(struck).toBeGreaterThan(stories);
    // Twenty of them have as few as three by chance.
    expect(readings).toBeGreaterThan(stories / sized({ test: 20, prove: 2, long: 2 }));
  }, 1_800_000);
});
