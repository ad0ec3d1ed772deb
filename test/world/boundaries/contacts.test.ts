import { afterAll, describe, expect, it } from 'vitest';
import { seed, sized } from '../../scope.ts';
import { boundaries } from '../boundaries.ts';
import { adoptionActs, quarantineActs, twoActs } from '../contacts/cast.ts';
import { contactPlot } from '../contacts/plot.ts';
import { scenarios } from '../contacts/scenarios.ts';
import { accused, runCases, unknownAmong } from './case.ts';
import { areAll, Choice } from './chosen.ts';
import { encounters, faultsOf, faultyEncounter, storyOf } from './encounters.ts';

const choice = new Choice('contacts');
afterAll(() => choice.requireHit());

/** Where MaiAgent refuses duplicates it covers up for a second create, so most is tried where it forgives nothing. */
const uniquenesses = sized({
  test: ['none'],
  prove: ['none', 'racy', 'atomic'],
  long: ['none', 'racy', 'atomic'],
} as const);
const alone = { test: 60, prove: 6, long: 1 };
const met = { test: 1_600, prove: 48, long: 1 };
const faulty = { test: 160, prove: 5, long: 1 };
const SEEDS = 1_200;
const quarantined = { test: 20, prove: 1, long: 1 };
const SEEDS_OF_THE_QUARANTINE = 400;
const adopted = { test: 12, prove: 1, long: 1 };
const SEEDS_OF_ADOPTION = 300;

/** The reads of a sweep come first or between, as the links lie: they are counted apart. */
function inOrder(crossed: readonly string[]): string {
  const dues = crossed.filter((one) => one === 'table:due').length;
  const others = crossed.filter((one) => one !== 'table:due').join(' ');
  // The pass goes on while a conversation is read.
  const once = others.replace('table:read-pass maiagent:conversations', 'maiagent:conversations table:read-pass');
  return `${dues > 0 ? `${dues}×table:due ` : ''}${once}`;
}

describe.each(uniquenesses)('a user where uniqueness is %s', { timeout: 7_200_000 }, (uniqueness) => {
  const on = <Case extends { readonly id: string }>(cases: readonly Case[]) =>
    cases.map((one) => ({
      ...one,
      id: `${uniqueness}/${one.id}`,
      ground: { switches: { uniqueness, racyWaitMs: 2 } },
    }));

  describe(`with one fault (${Choice.said(alone)})`, () => {
    it.each(scenarios)('keeps what the bridge promises: $name', async (scenario) => {
      const [calm] = await runCases(on([{ id: 'no fault', ...storyOf(scenario) }]), contactPlot);
      if (!calm) throw new Error('it did not run');
      expect(accused([calm])).toEqual([]);
      expect(inOrder(calm.crossed)).toBe(scenario.crosses);
      const outcomes = await runCases(choice.of(on(faultsOf(scenario, calm.crossed)), alone), contactPlot);
      expect(accused(outcomes)).toEqual([]);
      expect(outcomes.filter(({ struck }) => struck.length !== 1)).toEqual([]);
      expect(unknownAmong(outcomes)).toEqual([]);
    });
  });

  it(`keeps what the bridge promises when one act comes at any boundary of another (${Choice.said(met)})`, async () => {
    const outcomes = await runCases(choice.of(on(await encounters(twoActs, contactPlot)), met), contactPlot);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
  });

  it(`accounts for each delivery whoever comes between, with faults and without (${Choice.said(quarantined)})`, async () => {
    const seeds = Array.from({ length: SEEDS_OF_THE_QUARANTINE }, (_, index) => seed + index);
    const calm = await encounters(quarantineActs, contactPlot);
    const cases = await Promise.all(seeds.map((one) => faultyEncounter(one, quarantineActs, contactPlot)));
    const outcomes = await runCases(choice.of(on([...calm, ...cases]), quarantined), contactPlot);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
  });

  it(`adopts a contact or leaves it as it was, whoever comes between, with faults and without (${Choice.said(adopted)})`, async () => {
    const seeds = Array.from({ length: SEEDS_OF_ADOPTION }, (_, index) => seed + index);
    const calm = await encounters(adoptionActs, contactPlot);
    const cases = await Promise.all(seeds.map((one) => faultyEncounter(one, adoptionActs, contactPlot)));
    const outcomes = await runCases(choice.of(on([...calm, ...cases]), adopted), contactPlot);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
  });

  it(`keeps what the bridge promises when two acts have a fault each (${Choice.said(faulty)})`, async () => {
    const seeds = Array.from({ length: SEEDS }, (_, index) => seed + index);
    const cases = await Promise.all(seeds.map((one) => faultyEncounter(one, twoActs, contactPlot)));
    const outcomes = await runCases(choice.of(on(cases), faulty), contactPlot);
    expect(accused(outcomes)).toEqual([]);
    expect(unknownAmong(outcomes)).toEqual([]);
    const struck = new Set(outcomes.flatMap((one) => one.struck.map((strike) => strike.split('/')[0])));
    const links = Object.keys(boundaries).slice(0, Object.keys(boundaries).indexOf('table:rest'));
    // Only the sweep reads what is due, and no sweep is in a pair; few pairs leave a former or an extra contact, and the stories above
    // strike there.
    const seldom = ['table:due', 'table:remove-former-contact', 'table:hold', 'table:found-contact'];
    const missing = links.filter((one) => !seldom.includes(one) && !struck.has(one));
    if (areAll(outcomes, SEEDS)) expect(missing).toEqual([]);
  });
});
