import type { Act } from './person.ts';
import type { Setup } from './setups.ts';

/**
 * A story, told by its acts, and the boundaries that it crosses when nothing goes wrong. A job that makes one call more, or another
 * one, fails here: the new boundary is to be looked at, named in `boundary.ts` and written down, and is then struck like the others.
 */
export interface Scenario {
  readonly name: string;
  readonly setup: Setup;
  readonly acts: readonly Act[];
  readonly crosses: string;
}

const create = 'maiagent:search maiagent:create table:bind-created';
const adopt = 'maiagent:search table:bind maiagent:update table:confirm';
const update = 'maiagent:update table:confirm';
/** How an event of a store is taken. */
const event = 'table:read table:accept';
/** How `sync` begins with a link. */
const take = 'table:read table:acquire';
/** How `identify` begins with somebody of whom it hears something new. */
const hear = 'table:read table:want+lease';
/** A token of whom a store has spoken before: its word is kept, and changes nothing. */
const known = 'table:read table:want';

export const scenarios: readonly Scenario[] = [
  { name: 'new user signs in', setup: 'stranger', acts: ['sign-in'], crosses: `${hear} ${create}` },
  {
    name: 'new user told of',
    setup: 'stranger',
    acts: ['told-created', 'sync', 'sign-in'],
    crosses: `${event} ${take} ${create} ${known}`,
  },
  { name: 'new user put', setup: 'stranger', acts: ['put'], crosses: `${hear} ${create}` },
  { name: 'adopted by sign-in', setup: 'known', acts: ['sign-in'], crosses: `${hear} ${adopt}` },
  { name: 'adopted by sync', setup: 'known', acts: ['told-created', 'sync'], crosses: `${event} ${take} ${adopt}` },
  { name: 'changed by token', setup: 'token member', acts: ['sign-in-anew'], crosses: `${hear} ${update}` },
  {
    name: 'changed by store',
    setup: 'member',
    acts: ['told-updated', 'sync', 'sign-in'],
    crosses: `${event} ${take} ${update} ${known}`,
  },
  {
    name: 'changed and met by sign-in',
    setup: 'member',
    acts: ['told-updated', 'sign-in'],
    crosses: `${event} ${hear} ${update}`,
  },
  { name: 'changed by back end', setup: 'back-end member', acts: ['put'], crosses: `${hear} ${update}` },
  {
    name: 'changed and changed back',
    setup: 'member',
    acts: ['told-updated', 'sync', 'told-updated-back', 'sync', 'sign-in'],
    crosses: `${event} ${take} ${update} ${event} ${take} ${update} ${known}`,
  },
  {
    name: 'changed back at once',
    setup: 'changed',
    acts: ['sync', 'told-updated-back', 'sign-in'],
    crosses: `${take} ${update} ${event} ${hear} ${update}`,
  },
  {
    name: 'changed and taken back',
    setup: 'changed back',
    acts: ['sync', 'sign-in'],
    crosses: `table:read table:rest ${known}`,
  },
  { name: 'changed and swept', setup: 'changed', acts: ['sweep'], crosses: `17×table:due ${take} ${update}` },
  {
    name: 'disabled by store',
    setup: 'member',
    acts: ['told-disabled', 'sync'],
    crosses: `${event} ${take} ${update}`,
  },
  { name: 'disabled by back end', setup: 'back-end member', acts: ['put-disabled'], crosses: `${hear} ${update}` },
  {
    name: 'disabled before served',
    setup: 'stranger',
    acts: ['told-created', 'told-disabled', 'sync'],
    crosses: `${event} ${event} ${take} maiagent:search table:confirm`,
  },
  {
    name: 'enabled again',
    setup: 'disabled',
    acts: ['told-enabled', 'sync', 'sign-in'],
    crosses: `${event} ${take} ${update} ${known}`,
  },
  {
    name: 'deleted',
    setup: 'member',
    acts: ['told-deleted', 'sync'],
    crosses: `${event} ${take} maiagent:remove table:confirm`,
  },
  {
    name: 'deleted with conversations',
    setup: 'talker',
    acts: ['told-deleted', 'sync'],
    crosses: `${event} ${take} maiagent:remove maiagent:update table:confirm`,
  },
  {
    name: 'recreated',
    setup: 'deleted',
    acts: ['told-created', 'sign-in'],
    crosses: `${event} ${hear} ${create} table:bind table:confirm table:confirm-outdated`,
  },
  {
    name: 'deleted and recreated',
    setup: 'member',
    acts: ['told-deleted', 'sync', 'told-created', 'sync', 'sign-in'],
    crosses: `${event} ${take} maiagent:remove table:confirm ${event} ${take} maiagent:remove table:remove-former-contact ${create} ${known}`,
  },
  {
    name: 'deleted and recreated at once',
    setup: 'talker',
    acts: ['told-deleted', 'told-created', 'sync', 'sign-in'],
    crosses: `${event} ${event} ${take} maiagent:remove maiagent:update table:remove-former-contact ${create} ${known}`,
  },
  {
    name: 'edited at MaiAgent',
    setup: 'edited',
    acts: ['audit', 'sync', 'sign-in'],
    crosses: `table:read maiagent:retrieve table:drifted ${take} ${update} ${known}`,
  },
  {
    name: 'lost by MaiAgent',
    setup: 'vanished',
    acts: ['told-updated', 'sync', 'sync', 'sign-in'],
    crosses: `${event} ${take} maiagent:update maiagent:retrieve maiagent:list maiagent:retrieve table:lost ${take} ${create} ${known}`,
  },
];
