import { faultsAt } from '../faults.ts';
import { randomOf } from '../random.ts';
import { runCase, type Case, type Plot } from './case.ts';

/**
 * A story, the boundaries that it crosses when nothing goes wrong, and how it ends then. A job that makes one call more, or another
 * one, fails here: the new boundary is to be looked at, named in `boundaries.ts` and written down, and is then struck like the others.
 */
export interface Scenario<Act, Start> extends Pick<Case<Act, Start>, 'start' | 'acts' | 'between' | 'ground'> {
  readonly name: string;
  /** The boundary, or the number of the crossing, from which on it is attacked, where what comes before is attacked in another story. */
  readonly from?: string | number;
  readonly crosses: string;
  readonly ends?: string;
}

/** Stories that somebody comes into, and who may come. */
export interface Cast<Act, Start> {
  readonly name: string;
  /** What a story crosses is found out where it is not said. */
  readonly stories: readonly (Omit<Scenario<Act, Start>, 'crosses'> & { readonly crosses?: string })[];
  /** Who comes between, by name; `isOlder`: what they say was said before the story. */
  readonly comers: readonly { readonly name: string; readonly acts: readonly Act[]; readonly isOlder?: boolean }[];
  /** What may follow in a story that a seed tells. */
  readonly more: readonly Act[];
  /** What others do while a caller is held or frozen. */
  readonly rivals: readonly (readonly Act[])[];
}

/** So many reads of one kind in a row are attacked at their beginning and at their end: the others are like these. */
const EDGE = 2;

/** The numbers of the crossings at which a story is attacked. */
export function attackedIn(
  { from }: { readonly from?: string | number },
  crossed: readonly string[],
): readonly number[] {
  const first = typeof from === 'string' ? crossed.indexOf(from) : (from ?? 0);
  return crossed.flatMap((boundary, at) => {
    const around = crossed.slice(Math.max(0, at - EDGE), at + EDGE + 1);
    const isLikeOthers = around.length > 2 * EDGE && around.every((one) => one === boundary);
    return at < first || isLikeOthers ? [] : [at];
  });
}

/** The part of a story that is a case. */
export const storyOf = <Act, Start>({
  start,
  acts,
  between,
  ground,
}: Pick<Case<Act, Start>, 'start' | 'acts' | 'between' | 'ground'>) => ({
  start,
  acts,
  ...(between && { between }),
  ...(ground && { ground }),
});

/** Every boundary of a story with every fault that is possible there. */
export function faultsOf<Act, Start>(scenario: Scenario<Act, Start>, crossed: readonly string[]): Case<Act, Start>[] {
  return attackedIn(scenario, crossed).flatMap((at) => {
    const boundary = crossed[at] ?? '';
    const occurrence = crossed.slice(0, at + 1).filter((one) => one === boundary).length;
    return faultsAt(boundary).map((fault, number) => ({
      id: `${scenario.name}/${boundary}#${occurrence}/${fault}`,
      ...storyOf(scenario),
      strike: { boundary, occurrence, fault },
      isSyncFirst: (at + number) % 2 === 0,
    }));
  });
}

/** Each story with each of the others, who runs to the end at every boundary of it. */
export async function encounters<Act extends string, Start>(
  cast: Cast<Act, Start>,
  plot: Plot<Act, Start>,
): Promise<Case<Act, Start>[]> {
  const all: Case<Act, Start>[] = [];
  for (const story of cast.stories) {
    const crossed = await crossedBy(story, plot);
    for (const at of attackedIn(story, crossed))
      for (const { name, acts, isOlder = false } of cast.comers)
        all.push({
          id: `${story.name} before ${at} ${crossed[at]}/${name}`,
          ...storyOf(story),
          meeting: { at, acts, isOlder },
          isSyncFirst: at % 2 === 0,
        });
  }
  return all;
}

/** A story, and one of the others who comes between somewhere, each with a fault somewhere; the seed decides all of it. */
export async function faultyEncounter<Act extends string, Start>(
  seed: number,
  cast: Cast<Act, Start>,
  plot: Plot<Act, Start>,
): Promise<Case<Act, Start>> {
  const random = randomOf(seed, cast.name.length);
  const story = random.one(cast.stories);
  const { name, acts, isOlder = false } = random.one(cast.comers);
  const crossed = await crossedBy(story, plot);
  const more = cast.more.length === 0 ? [] : Array.from({ length: random.below(3) }, () => random.one(cast.more));
  const places = [0, ...attackedIn(story, crossed)];
  // Faults lead to calls that the calm story does not have, and so does what follows in it.
  const beyond = Array.from({ length: 4 + 3 * more.length }, (_, index) => crossed.length + index);
  const { start, between, ground } = story;
  return {
    id: `${cast.name} seed ${seed}/${story.name}/${name}`,
    ...storyOf({ start, acts: [...story.acts, ...more], ...(between && { between }), ...(ground && { ground }) }),
    strike: { at: random.one([...places, ...beyond]), choice: random.below(1_000) },
    meeting: {
      at: random.one([...places, ...beyond.slice(0, 3 * more.length)]),
      acts,
      isOlder,
      strike: { at: random.below(10), choice: random.below(1_000) },
    },
    rival: random.one(cast.rivals),
    isSyncFirst: random.isLikely(0.5),
  };
}

const known = new WeakMap<object, Promise<readonly string[]>>();

/** What a story crosses when it is alone and nothing goes wrong; throws if even then something does not hold. */
function crossedBy<Act extends string, Start>(
  story: Cast<Act, Start>['stories'][number],
  plot: Plot<Act, Start>,
): Promise<readonly string[]> {
  const find = async (): Promise<readonly string[]> => {
    if (story.crosses !== undefined) return story.crosses.split(' ');
    const { crossed, accusations } = await runCase({ id: `${story.name}/alone`, ...storyOf(story) }, plot);
    if (accusations.length > 0) throw new Error(`${story.name}: ${accusations.join(', ')}`);
    return crossed;
  };
  const crossed = known.get(story) ?? find();
  known.set(story, crossed);
  return crossed;
}
