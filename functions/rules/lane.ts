import { hashOf } from './canonical.ts';

/** Why a link that has not failed yet is due. `urgent`: one person loses something. `losses`, `gains`: other settings ask for it. */
export type Urgency = 'urgent' | 'first' | 'losses' | 'gains';

/**
 * Where a due link waits. Links that have not failed yet are in the lane of their urgency; `first` has eight shards of the index `Due`,
 * because each accepted change writes there. The others fill no faster than MaiAgent answers, or wait for one another anyway, so one
 * shard for a lane is enough.
 */
export type Lane = Urgency | 'again' | 'last';

/** The shards of each lane; each is sorted by time. */
export const SHARDS: Readonly<Record<Lane, readonly string[]>> = {
  urgent: ['urgent'],
  first: ['0', '1', '2', '3', '4', '5', '6', '7'],
  again: ['again'],
  last: ['last'],
  losses: ['losses'],
  gains: ['gains'],
};

/**
 * The turns of the lanes; `urgent` goes before each round, but for one link of another lane every fifth minute, and before each turn of
 * the bulk lanes. A lane without due links gives its
 * turns away, so a link that has n links of its lane before it is served after at most 9 / 4 · n, 9 / 2 · n or 9 · n others and one
 * round, however many wait in the other lanes. Without bulk work a round has seven turns.
 */
export const TURNS: readonly Exclude<Lane, 'urgent'>[] = [
  'first',
  'again',
  'first',
  'losses',
  'last',
  'first',
  'again',
  'first',
  'gains',
];

/** The lanes of work that nobody waits for. Many links may come there at once. */
export const BULK_LANES: ReadonlySet<Lane> = new Set<Lane>(['losses', 'gains']);

/** A link that has failed this often goes to the last lane. */
const LAST_AFTER = 4;

export const laneOf = (attempts = 0, urgency: Urgency = 'first'): Lane =>
  attempts >= LAST_AFTER ? 'last' : attempts > 0 ? 'again' : urgency;

/** The shard of a link that has failed so often since it was last clean. */
export function dueShard(sourceId: string, attempts = 0, urgency: Urgency = 'first'): string {
  const shards = SHARDS[laneOf(attempts, urgency)];
  return shards[(hashOf(sourceId).codePointAt(0) ?? 0) % shards.length] ?? '';
}

const BY_URGENCY: readonly Urgency[] = ['urgent', 'first', 'losses', 'gains'];

/** The greater urgency: of a link that is due in this shard already, and of what comes to it now. */
export function greaterUrgency(shard: string | undefined, urgency: Urgency): Urgency {
  const due = BY_URGENCY.find((one) => shard !== undefined && SHARDS[one].includes(shard)) ?? urgency;
  return BY_URGENCY.indexOf(due) < BY_URGENCY.indexOf(urgency) ? due : urgency;
}

/** What makes a link due, which keeps its place in the line. What new settings ask for waits for a sweep, so that the stream is free for people. */
export function placeAfter(
  read: { readonly dueShard?: string; readonly dueAt?: number; readonly attempts?: number } | undefined,
  { sourceId, urgency }: { readonly sourceId: string; readonly urgency: Urgency },
  nowMs: number,
) {
  const greater = greaterUrgency(read?.dueShard, urgency);
  const isInLine =
    read?.attempts === undefined &&
    Object.values(SHARDS)
      .flat()
      .includes(read?.dueShard ?? '');
  const dueAt = isInLine ? Math.min(read?.dueAt ?? nowMs, nowMs) : nowMs;
  return { dueShard: dueShard(sourceId, 0, greater), dueAt, ...(!BULK_LANES.has(greater) && { wake: 'now' }) };
}

/** The same list, begun at another place, so that a sweep whose time is short does not leave out the same ones again. */
export const startingAt = <One>(place: number, ones: readonly One[]): readonly One[] => {
  const first = place % ones.length;
  return [...ones.slice(first), ...ones.slice(0, first)];
};

/** So many stores have lines of their own. Where more are declared, some share one. */
const READ_LINES = 8;
const linesOf = (name: string): readonly string[] =>
  Array.from({ length: READ_LINES }, (_, place) => (place === 0 ? name : `${name}-${place}`));

/**
 * The shards of those who are to be read: whoever has a contact, and everybody else, of each store apart. A store's import makes the second
 * one long, and while a store is away both of its lines stand still.
 */
export const READ_SHARDS = { known: linesOf('reads'), new: linesOf('reads-new') } as const;

/** The shard of a store by its place among the declared sources. Whoever waits in that of an earlier place is found there. */
export const readShard = (
  line: keyof typeof READ_SHARDS,
  source: string,
  sources: readonly { name: string }[],
): string =>
  READ_SHARDS[line][
    Math.max(
      0,
      sources.findIndex(({ name }) => name === source),
    ) % READ_LINES
  ] ?? '';
