import { policyOf, type Settings } from '../env.ts';
import type { AudienceLinks } from '../io/broadcasts/audience-links.ts';
import type { Clock } from '../io/clock.ts';
import { AudienceHash, placeOf, type Audience, type Exclusion } from '../rules/broadcasts/audience.ts';
import { conversedOf } from '../rules/broadcasts/conversed.ts';

export interface SurveyDeps {
  readonly audience: AudienceLinks;
  readonly clock: Clock;
  readonly settings: Settings;
}

/** The gateway waits 30 s. A survey that has not read the whole audience by then says so. */
const SURVEY_MS_MAX = 12_000;

/**
 * Reads an audience exactly as a run would plan it, as far as there is time, and answers whom it would reach now. Writes nothing. `hash` is
 * equal for equal recipients, in any order. Where the audience is not read whole, the numbers cover a part, and the hash means nothing.
 * `have` are the recipients who are known to have a conversation, `quiet` all others, with the time at which somebody last looked.
 */
export async function surveyAudience(audience: Audience, { audience: links, clock, settings }: SurveyDeps) {
  const until = clock.elapsed() + SURVEY_MS_MAX;
  const rule = await links.rule(audience, policyOf(settings).witnesses);
  const hash = new AudienceHash();
  const excluded: Record<Exclusion, number> = { disabled: 0, deleted: 0, no_contact: 0, not_found: 0 };
  const quiet: { readonly contactId: string; readonly noneAt?: number }[] = [];
  let [have, oldestAt] = [0, Infinity];
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
        const known = one.link && conversedOf(one.link);
        if (known?.has) [have, oldestAt] = [have + 1, Math.min(oldestAt, known.at)];
        else quiet.push({ contactId: place.contactId, ...(known && { noneAt: known.at }) });
      }
    }
    from = page.next;
  }
  return { recipients, excluded, hash: hash.text, isWhole: from === undefined, have, oldestAt, quiet };
}
