import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { expressions, type Write } from '../../functions/io/aws/conditional-update.ts';
import * as write from '../../functions/io/aws/link-writes.ts';
import type { Lease } from '../../functions/io/lease.ts';
import type { ContactPolicy } from '../../functions/rules/contacts/desired.ts';
import { draft, isOutstanding, type Link } from '../../functions/rules/contacts/link.ts';
import type { Change } from '../../functions/rules/contacts/reports.ts';
import { timeVersion } from '../../functions/rules/contacts/version.ts';
import type { Evaluation } from '../../functions/rules/evaluation.ts';
import { wholeUser } from '../rules/contacts/sample-changes.ts';
import { samplePolicy, sampleUser } from '../rules/contacts/sample-links.ts';
import { mayWrite, updated } from '../world/database/memory-expressions.ts';
import type { Breach } from './explore.ts';

/** One link and everybody who does something with it. */
export interface State {
  readonly row: Link;
  readonly deployed: 1 | 2;
  /** Whether functions of the first deployment may still begin something. */
  readonly isOldAlive: boolean;
  readonly workers: readonly [Worker, Worker];
  readonly evaluator: Evaluator;
  /** The permissions that MaiAgent has, and those of a request that is under way, with its sender. */
  readonly there: string;
  readonly wire: readonly { readonly by: string; readonly carries: string }[];
  /** Whether the lease of the row has run out. */
  readonly isLeaseOver: boolean;
  readonly segment: Evaluation | null;
  /** Whether somebody has asked a function of the second deployment about what is known of the person now. */
  readonly isAsked: boolean;
  /** Whether the person's role has changed; it changes once. */
  readonly isChanged: boolean;
  /** Whether a loss of this one person has not been taken up yet. */
  readonly isUrgent: boolean;
}

export type Worker =
  | { readonly at: 'idle' }
  | { readonly at: 'read' | 'ready' | 'holding' | 'waiting'; readonly by: 1 | 2; readonly link: Link };
export type Evaluator = null | { readonly at: 'read' | 'written'; readonly from: Evaluation; readonly link: Link };

const grant = (digit: number) => ({
  knowledgeBases: [{ id: `c0a80101-0000-4000-8000-00000000000${digit}`, files: 'all' as const, faqs: 'all' as const }],
});
const policyOf = (deployment: 1 | 2, x: number, y: number): ContactPolicy => ({
  ...samplePolicy,
  deployment,
  metadata: [],
  permissions: {
    none: grant(9),
    rules: [
      { when: { role: 'x' }, grant: grant(x) },
      { when: { role: 'y' }, grant: grant(y) },
      { when: { role: 'same' }, grant: grant(3) },
    ],
  },
});
/** The role that the person has first: one to which the second deployment gives something else, or one to which it gives the same. */
export type FirstRole = 'x' | 'same';

/** The second deployment gives to the roles x and y what the first one gave to the other. */
export const policies = { 1: policyOf(1, 1, 2), 2: policyOf(2, 2, 1) } as const;

const told = (role: string, at: number): Change => ({
  source: 'api',
  kind: 'update',
  version: timeVersion(at),
  told: wholeUser({ roles: [role] }),
});
export const changed = told('y', 2);
export const names = ['A', 'B'] as const;

/** The time at which a lease that is over has run out. */
const [EARLY, LATE] = [0, 100];
export const leaseOf = (owner: string): Lease => ({ owner, untilMs: EARLY + 1, sendUntil: 0 });
export const nowOf = ({ isLeaseOver }: State): number => (isLeaseOver ? LATE : EARLY);

/** Each row that was met is one object, so that what follows from it is computed once. */
const rows = new Map<string, Link>();
/** What a function gives for a row and a few words, computed once. */
export function once<Value>(make: (row: Link, words: string) => Value): (row: Link, words: string) => Value {
  const known = new WeakMap<Link, Map<string, Value>>();
  return (row, words) => {
    const of = known.get(row) ?? new Map<string, Value>();
    known.set(row, of);
    const value = of.has(words) ? (of.get(words) as Value) : make(row, words);
    of.set(words, value);
    return value;
  };
}

/** A row without what is only for people, so that the same is the same. */
function plain(row: Link): Link {
  const left = new Set([
    'updatedAt',
    'createdAt',
    'confirmedAt',
    'revisedBy',
    'settledBy',
    'pseudonym',
    'wake',
    'lastError',
  ]);
  const kept = Object.entries({ ...row, ...(row.dueAt !== undefined && { dueAt: 0 }) }).filter(
    ([name]) => !left.has(name),
  );
  const tidy = Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1))) as unknown as Link;
  const key = JSON.stringify(tidy);
  const known = rows.get(key) ?? tidy;
  rows.set(key, known);
  return known;
}

/** What a write leaves of a row; `undefined` where its condition fails. */
export const after = (row: Link, change: Write): Link | undefined => left(row, JSON.stringify(change));
const left = once((row, words): Link | undefined => {
  const change = JSON.parse(words) as Write;
  const item = marshall(row, { removeUndefinedValues: true });
  const input = expressions(change);
  return mayWrite(item, input) ? plain(unmarshall(updated(item, {}, input)) as Link) : undefined;
});
export const without = (change: Write, atom: RegExp): Write => {
  const condition = change.condition
    .split(' AND ')
    .filter((one) => !atom.test(one))
    .join(' AND ');
  const used = [condition, ...Object.values(change.compute ?? {})].join(' ');
  const values = Object.entries(change.values ?? {}).filter(([name]) => used.includes(name));
  return { ...change, condition: condition || 'attribute_exists(pk)', values: Object.fromEntries(values) };
};

/** What each person should have under the second settings. */
export const newestOf = ({ row }: State): string => newest(row, '');
const newest = once((row) => draft(sampleUser, { ...row, deployment: 0 }, undefined, policies[2]).desired.permissions);

export function breachIn(state: State): Breach | undefined {
  const { row, wire, there, segment, isOldAlive, isUrgent } = state;
  if (row.dueShard === undefined && isOutstanding(row))
    return { invariant: 7, because: 'a row has outstanding work and is not due' };
  if (row.dueShard === undefined && wire.length === 0 && there !== row.desiredPermissions)
    return { invariant: 7, because: 'a row is clean, and MaiAgent has something else' };
  if (isUrgent && isOutstanding(row) && row.dueShard !== 'urgent')
    return { invariant: 9, because: 'a loss of one person waits behind others' };
  if (segment?.finishedAt !== undefined && !isOldAlive && row.desiredPermissions !== newestOf(state))
    return { invariant: 14, because: 'every link is evaluated, and this one has what earlier settings gave' };
  return undefined;
}

export function isSettled(state: State): boolean {
  const { row, workers, evaluator, wire, deployed, isOldAlive, segment, there } = state;
  const isCalm =
    row.dueShard === undefined && wire.length === 0 && workers.every(({ at }) => at === 'idle') && evaluator === null;
  return isCalm && (deployed === 1 || (!isOldAlive && segment?.finishedAt !== undefined && there === newestOf(state)));
}

/** Every row by its number, because its reports are long. */
export function canonical(state: State): State {
  const numbered = {
    ...state,
    row: numberOf(state.row),
    workers: state.workers.map(short),
    evaluator: state.evaluator && short(state.evaluator),
  };
  return numbered as unknown as State;
}
const short = <One extends object>(one: One) => ('link' in one ? { ...one, link: numberOf(one.link as Link) } : one);
const numbers = new Map<Link, number>();
function numberOf(row: Link): number {
  const known = numbers.get(row) ?? numbers.size;
  numbers.set(row, known);
  return known;
}

/** Somebody with this role whose contact MaiAgent has as the first settings want it. */
export function startOf(first: FirstRole): State {
  const next = draft(sampleUser, undefined, told(first, 1), policies[1]);
  const { hash, permissions } = next.desired;
  const fresh = unmarshall(
    updated(
      undefined,
      marshall({ pk: 'user#sample-member' }),
      expressions(write.writeDesired(undefined, next, 'mark', undefined, 0)),
    ),
  ) as Link;
  const { dueShard: _, dueAt: __, ...clean } = fresh;
  return {
    row: plain({ ...clean, contactId: 'c0', confirmedHash: hash, confirmedPermissions: permissions }),
    deployed: 1,
    isOldAlive: true,
    workers: [{ at: 'idle' }, { at: 'idle' }],
    evaluator: null,
    there: permissions,
    wire: [],
    isLeaseOver: false,
    segment: null,
    isAsked: false,
    isChanged: false,
    isUrgent: false,
  };
}
