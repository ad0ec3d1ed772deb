/** Some members of a group: who is in it, and of whom the user's own row does not say so yet. */
export interface Bucket {
  readonly pk: string;
  readonly members?: ReadonlySet<string>;
  readonly pending?: ReadonlySet<string>;
  /** By what rules know the group; nothing once it is deleted. */
  readonly groupName?: string;
}

/** By which of their attributes the groups of a directory are known, and how far the look at all of them is. */
export interface Naming {
  readonly groupNames: string;
  readonly isLast: boolean;
  /** When the look ended; or after which id it goes on, and which ones are to be tried again. */
  readonly at?: number | undefined;
  readonly after?: string | undefined;
  readonly left?: readonly string[] | undefined;
}

/** A group with members to carry. */
export interface DueGroup {
  readonly source: string;
  readonly groupId: string;
  /** Since when somebody is to be carried, and when the group last had a turn, in milliseconds of Unix time. */
  readonly dueAt: number;
  readonly turnAt?: number;
  /** That members lose something: `few` where no withdrawal keeps their ids from them meanwhile. */
  readonly losing?: 'few' | 'many';
  /** When of all from whom much was taken nobody was pending any more. */
  readonly heldFrom?: number;
}

const waitingSince = ({ dueAt, turnAt = 0 }: DueGroup): number => Math.max(dueAt, turnAt);
const first = <One>(key: (one: One) => number, a: One, b: One): number => key(a) - key(b);

/**
 * The order in which groups get a turn: one of each directory, then the next of each, so that no directory keeps another one waiting. Within
 * a directory those come first from whom something is taken, then who has waited longest.
 */
export function turnsOf(due: readonly DueGroup[]): DueGroup[] {
  const bySource = Object.groupBy(due, ({ source }) => source);
  const places = Object.values(bySource).flatMap((groups = []) =>
    groups
      .toSorted((a, b) => first(({ losing }) => (losing ? 0 : 1), a, b) || first(waitingSince, a, b))
      .map((group, place) => ({ group, place })),
  );
  return places
    .toSorted((a, b) => first(({ place }) => place, a, b) || first(({ group }) => waitingSince(group), a, b))
    .map(({ group }) => group);
}
