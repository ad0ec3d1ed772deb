import type { Cast, Scenario } from '../boundaries/encounters.ts';
import { changeActs, type Act } from './member.ts';
import type { Setup } from './plot.ts';

const event = 'table:read table:accept';
const due = `${'table:due-reads '.repeat(16)}table:take-read`;
/** An operator's wish. */
const wish = 'table:ask-read table:take-read';
const known = 'table:read store:token store:user store:groups store:roles table:read table:want table:end-read';
/** How `sync` begins with a link. */
const take = 'table:read-pause table:read table:acquire';
const update = 'maiagent:update table:confirm';
const erase = 'maiagent:remove table:erased-contact maiagent:search table:confirm';

export const readingScenarios: readonly Scenario<Act, Setup>[] = [
  {
    name: 'told of and read',
    start: 'stranger',
    acts: ['created', 'given', 'read', 'sync', 'sign-in'],
    crosses: `${event} ${event} ${due} ${known} ${take} maiagent:search maiagent:create table:bind-created table:read table:want`,
  },
  {
    name: 'a right taken',
    start: 'member',
    acts: ['taken', 'sign-in', 'read', 'sign-in'],
    crosses: `${event} table:read table:acquire ${update} ${due} ${known} table:read`,
  },
  {
    name: 'a right taken by a group',
    start: 'partner',
    acts: ['left', 'sync', 'read', 'sign-in'],
    crosses: `${event} ${take} ${update} ${due} ${known} table:read`,
  },
  {
    name: 'a right given',
    start: 'partner',
    acts: ['given', 'read', 'sync', 'sign-in'],
    crosses: `${event} ${due} ${known} ${take} ${update} table:read`,
  },
  {
    name: 'taken while it is read',
    start: 'member',
    acts: ['joined', 'read', 'read', 'sync', 'sign-in'],
    between: { before: 'store:roles', act: 'taken' },
    crosses: `${event} ${due} table:read store:token store:user store:groups store:roles table:read table:end-read table:free-read ${due} ${known} ${take} ${update} table:read`,
  },
  {
    name: 'taken right after it was read',
    start: 'member',
    acts: ['joined', 'read', 'sign-in', 'read', 'sync', 'sign-in'],
    // The store has answered, and its answer is not committed yet.
    between: { before: 23, act: 'taken' },
    crosses: `${event} ${due} table:read store:token store:user store:groups store:roles table:read table:end-read table:free-read table:read table:acquire ${update} ${due} ${known} ${take} ${update} table:read`,
  },
  {
    name: 'changed in silence',
    start: 'member',
    acts: ['changed in silence', 'sign-in', 'read', 'sign-in'],
    crosses: `${event} table:read table:acquire ${update} ${due} ${known} table:read table:acquire ${update}`,
  },
  {
    name: 'disabled before the reading',
    start: 'unread',
    acts: ['disabled', 'read', 'enabled', 'sync', 'sign-in'],
    crosses: `${event} ${due} ${known} ${event} ${take} ${update} table:read`,
  },
  {
    name: 'enabled and read',
    start: 'disabled',
    acts: ['taken', 'enabled', 'read', 'sign-in'],
    crosses: `${event} ${event} ${due} ${known} table:read table:want`,
  },
  {
    name: 'deleted before the reading',
    start: 'unread',
    acts: ['deleted', 'read', 'sync'],
    crosses: `${event} ${due} table:read store:token store:user table:read table:want table:end-read ${take} ${erase}`,
  },
  {
    name: 'read before it is told of',
    start: 'member',
    acts: ['refresh', 'late taken', 'sync', 'read', 'sign-in'],
    crosses: `${wish} ${known} ${event} ${take} ${update} ${due} ${known} table:read`,
  },
  {
    name: 'created again',
    start: 'gone',
    acts: ['created', 'given', 'sign-in', 'read', 'sync', 'sign-in'],
    crosses: `${event} ${event} table:read table:want+lease maiagent:search maiagent:create table:bind-created table:bind table:confirm table:confirm-outdated ${due} ${known} ${take} maiagent:remove maiagent:retrieve maiagent:list maiagent:retrieve table:remove-former-contact ${update} table:read`,
  },
  {
    name: 'back, and what was taken is told first',
    start: 'gone',
    acts: ['taken', 'late created', 'sign-in', 'read', 'sync', 'sign-in'],
    crosses: `${event} ${event} table:read table:want+lease maiagent:search maiagent:create table:bind-created table:bind table:confirm table:confirm-outdated ${due} ${known} ${take} maiagent:remove maiagent:retrieve maiagent:list maiagent:retrieve table:remove-former-contact table:confirm table:read`,
  },
  {
    name: 'put off',
    start: 'member',
    acts: ['taken', 'store-breaks', 'read', 'sign-in'],
    crosses: `${event} ${due} table:read store:token table:put-off-read table:read table:acquire ${update}`,
  },
  {
    name: 'read on demand',
    start: 'unread',
    acts: ['refresh', 'sign-in'],
    crosses: `${wish} ${known} table:read table:acquire ${update}`,
  },
];

const comers: readonly Act[] = ['sign-in', 'read', 'refresh', 'sync', ...changeActs];

/** Each act on somebody who is read, and everybody who may come between. */
export const readingCast: Cast<Act, Setup> = {
  name: 'readings',
  stories: (['member', 'unread', 'disabled', 'gone'] as const).flatMap((start) =>
    (['created', 'taken', 'joined', 'disabled', 'deleted', 'changed in silence'] as const).map((act) => ({
      name: `${start}/${act}`,
      start,
      acts: [act, 'read', 'sign-in'],
    })),
  ),
  comers: [
    ...comers.map((act) => ({ name: act, acts: [act] })),
    ...changeActs.map((act) => ({ name: `older ${act}`, acts: [`late ${act}` as const], isOlder: true })),
  ],
  more: ['given', 'taken', 'enabled', 'created', 'read', 'sync', 'sign-in'],
  rivals: [['lease-passes', 'read', 'sign-in'], ['lease-passes', 'sync', 'sign-in'], ['read']],
};
