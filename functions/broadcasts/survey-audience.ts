import { policyOf, type Settings } from '../env.ts';
import type { AudienceLinks } from '../io/broadcasts/audience-links.ts';
import type { Clock } from '../io/clock.ts';
import { AudienceHash, placeOf, type Audience, type Exclusion } from '../rules/broadcasts/audience.ts';

export interface SurveyDeps {
  readonly audience: AudienceLinks;
  readonly clock: Clock;
  readonly settings: Settings;
}

/** The most recipients about whom a preview asks MaiAgent: all of a small audience, and a sample of a large one. */
const SAMPLE = 200;

/** The gateway waits 30 s. A survey that has not read the whole audience by then says so. */
const SURVEY_MS_MAX = 12_000;

/**
 * Reads an audience exactly as a run would plan it, as far as there is time, and answers whom it would reach now. Writes nothing. `hash` is
 * equal for equal recipients, in any order. Where the audience is not read whole, the numbers cover a part, and the hash means nothing.
 * `sample` are the contacts of some recipients.
 */
export async function surveyAudience(audience: Audience, { audience: links, clock, settings }: SurveyDeps) {
  const until = clock.elapsed() + SURVEY_MS_MAX;
  const rule = await links.rule(audience, policyOf(settings).witnesses);
  const hash = new AudienceHash();
  const excluded: Record<Exclusion, number> = { disabled: 0, deleted: 0, no_contact: 0, not_found: 0 };
  const sample: string[] = [];
  let recipients = 0;
  let from: string | undefined = '';
  while (from !== undefined && clock.elapsed() < until) {
    const page: Awaited<ReturnType<AudienceLinks['page']>> = await links.page(audience, from);
    for (const one of page.found) {
      const place = placeOf(one, rule);
      if (place === 'outside') continue;
      if ('excluded' in place) excluded[place.excluded] += 1;
      else {
        recipients += 1;
        hash.add(one.link?.pk ?? '', place.contactId);
        if (sample.length < SAMPLE) sample.push(place.contactId);
      }
    }
    from = page.next;
  }
  return { recipients, excluded, hash: hash.text, isWhole: from === undefined, sample };
}
