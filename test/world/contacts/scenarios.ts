import type { Scenario } from '../boundaries/encounters.ts';
import type { Act } from './person.ts';
import type { Setup } from './setups.ts';

const create = 'maiagent:search maiagent:create table:bind-created';
const adopt = 'maiagent:search table:bind maiagent:update table:confirm';
const update = 'maiagent:update table:confirm';
/** How `sync` erases a contact that can be deleted, and one that cannot. */
const erase = 'maiagent:remove table:erased-contact maiagent:search table:confirm';
const anonymise = 'maiagent:remove maiagent:update maiagent:conversations';
/** A pass through the two parts of the quarantine, and to the ledgers. */
const turns = 'table:read-pass table:move-pass table:read-pass table:move-pass table:read-pass';
/** How an event of a store is taken. */
const event = 'table:read table:accept';
/** How `sync` begins with a link. */
const take = 'table:read-pause table:read table:acquire';
/** How `identify` begins with somebody of whom it hears something new. */
const hear = 'table:read table:want+lease';
/** A token of whom a store has spoken before: its word is kept, and changes nothing. */
const known = 'table:read table:want';
/** Each contact of the list with what the table knows of it, then the user, with all that MaiAgent has of them. */
const compared = `table:read-pause maiagent:list ${'table:read '.repeat(6)}table:read-pause table:read maiagent:search table:read maiagent:retrieve table:read-pause`;
/** A pass through the segment of the link: a sweep reads its page, and writes the link where it should be another one. */
const look = 'table:read-segment table:read-pause table:everyone table:read-pass';
const move = 'table:move-segment table:read-segment';

export const scenarios: readonly Scenario<Act, Setup>[] = [
  { name: 'new user signs in', start: 'stranger', acts: ['sign-in'], crosses: `${hear} ${create}` },
  {
    name: 'new user told of',
    start: 'stranger',
    acts: ['told-created', 'sync', 'sign-in'],
    crosses: `${event} ${take} ${create} ${known}`,
  },
  { name: 'new user put', start: 'stranger', acts: ['put'], crosses: `${hear} ${create}` },
  { name: 'adopted by sign-in', start: 'known', acts: ['sign-in'], crosses: `${hear} ${adopt}` },
  { name: 'adopted by sync', start: 'known', acts: ['told-created', 'sync'], crosses: `${event} ${take} ${adopt}` },
  {
    name: 'adopted by an import',
    start: 'made by hand',
    acts: ['adopt', 'sync', 'sign-in'],
    crosses: `table:read table:want ${take} maiagent:search maiagent:retrieve table:read table:claim-contact maiagent:claim ${adopt} ${known}`,
  },
  {
    name: 'adopted by an import and met by sign-in',
    start: 'made by hand',
    acts: ['adopt', 'sign-in'],
    crosses: `table:read table:want ${hear} maiagent:search maiagent:retrieve table:read table:claim-contact maiagent:claim ${adopt}`,
  },
  {
    name: 'not adopted, as MaiAgent refuses it',
    start: 'kept by MaiAgent',
    acts: ['adopt', 'sync', 'put right', 'sign-in'],
    crosses: `table:read table:want ${take} maiagent:search maiagent:retrieve table:read table:claim-contact maiagent:claim table:give-contact-back maiagent:create table:bind-created ${compared} ${known}`,
  },
  { name: 'changed by token', start: 'token member', acts: ['sign-in-anew'], crosses: `${hear} ${update}` },
  {
    name: 'changed by store',
    start: 'member',
    acts: ['told-updated', 'sync', 'sign-in'],
    crosses: `${event} ${take} ${update} ${known}`,
  },
  {
    name: 'changed and met by sign-in',
    start: 'member',
    acts: ['told-updated', 'sign-in'],
    crosses: `${event} ${hear} ${update}`,
  },
  { name: 'changed by back end', start: 'back-end member', acts: ['put'], crosses: `${hear} ${update}` },
  {
    name: 'changed and changed back',
    start: 'member',
    acts: ['told-updated', 'sync', 'told-updated-back', 'sync', 'sign-in'],
    crosses: `${event} ${take} ${update} ${event} ${take} ${update} ${known}`,
  },
  {
    name: 'changed back at once',
    start: 'changed',
    acts: ['sync', 'told-updated-back', 'sign-in'],
    crosses: `${take} ${update} ${event} ${hear} ${update}`,
  },
  {
    name: 'changed and taken back',
    start: 'changed back',
    acts: ['sync', 'sign-in'],
    crosses: `table:read-pause table:read table:rest ${known}`,
  },
  {
    name: 'changed and swept',
    start: 'changed',
    acts: ['sweep'],
    crosses: `30×table:due table:read-pause table:read-pass ${take.replace('table:read-pause ', '')} ${update}`,
  },
  {
    name: 'disabled by store',
    start: 'member',
    acts: ['told-disabled', 'sync'],
    crosses: `${event} ${take} ${update}`,
  },
  { name: 'disabled by back end', start: 'back-end member', acts: ['put-disabled'], crosses: `${hear} ${update}` },
  {
    name: 'disabled before served',
    start: 'stranger',
    acts: ['told-created', 'told-disabled', 'sync'],
    crosses: `${event} ${event} ${take} maiagent:search table:confirm`,
  },
  {
    name: 'enabled again',
    start: 'disabled',
    acts: ['told-enabled', 'sync', 'sign-in'],
    crosses: `${event} ${take} ${update} ${known}`,
  },
  {
    name: 'deleted',
    start: 'member',
    acts: ['told-deleted', 'sync'],
    crosses: `${event} ${take} ${erase}`,
  },
  {
    name: 'deleted with conversations',
    start: 'talker',
    acts: ['told-deleted', 'sync'],
    crosses: `${event} ${take} ${anonymise} table:erased-contact maiagent:search table:confirm`,
  },
  {
    name: 'deleted while there are two',
    start: 'doubled',
    acts: ['told-deleted', 'sync'],
    crosses: `${event} ${take} maiagent:remove table:erased-contact maiagent:search table:hold table:found-contact maiagent:remove table:remove-former-contact table:confirm`,
  },
  {
    name: 'records of a deleted member',
    start: 'deleted',
    acts: ['records-due', 'sweep'],
    crosses: `33×table:due table:read-pause table:read-pass table:read table:move-pass ${turns} table:everyone table:read table:read table:strike table:move-pass table:read-pass`,
  },
  {
    name: 'deleted, with the visitor that the user was',
    start: 'visited member',
    acts: ['sign-in-visited', 'told-deleted', 'sync', 'records-due', 'sweep', 'records-due', 'sweep'],
    crosses: `67×table:due ${known} table:promote ${event} table:read-pause table:read table:read table:read table:want table:acquire ${erase} table:read-pause table:read-pass table:read table:read table:move-pass ${turns} table:everyone table:read table:read table:acquire table:read maiagent:remove table:postpone maiagent:update table:move-pass maiagent:conversations table:read-pass table:erased-contact maiagent:search table:confirm table:read-pause table:read-pass table:read table:move-pass ${turns} table:everyone table:read table:strike table:move-pass table:read-pass`,
  },
  {
    name: 'rotated',
    start: 'signed-in member',
    acts: ['rotate', 'sync', 'sign-in'],
    crosses: `table:read table:want ${take} maiagent:remove table:remove-former-contact ${create} table:read`,
  },
  {
    name: 'recreated',
    start: 'deleted',
    acts: ['told-created', 'sign-in'],
    crosses: `${event} ${hear} ${create} table:bind table:confirm table:confirm-outdated`,
  },
  {
    name: 'deleted and recreated',
    start: 'member',
    acts: ['told-deleted', 'sync', 'told-created', 'sync', 'sign-in'],
    // What is gone already answers 404, which counts only where MaiAgent shows that it knows other contacts.
    crosses: `${event} ${take} ${erase} ${event} ${take} maiagent:remove maiagent:retrieve maiagent:list maiagent:retrieve table:remove-former-contact ${create} ${known}`,
  },
  {
    name: 'deleted and recreated at once',
    start: 'talker',
    acts: ['told-deleted', 'told-created', 'sync', 'sign-in'],
    crosses: `${event} ${event} ${take} ${anonymise} table:remove-former-contact ${create} ${known}`,
  },
  {
    name: 'quarantined and redriven',
    start: 'member',
    acts: ['told-ahead', 'time-comes', 'redrive', 'sync'],
    crosses: `1×table:due table:read table:keep table:read table:read table:accept ${take} ${update}`,
  },
  {
    name: 'quarantined and discarded',
    start: 'member',
    acts: ['told-nonsense', 'discard', 'sign-in'],
    crosses: `table:read table:keep table:close ${known}`,
  },
  {
    name: 'edited at MaiAgent',
    start: 'edited',
    acts: ['audit', 'sync', 'sign-in'],
    crosses: `table:read-pause table:everyone maiagent:retrieve table:drifted maiagent:latest table:learn ${take} ${update} ${known}`,
  },
  {
    name: 'lost by MaiAgent',
    start: 'vanished',
    acts: ['told-updated', 'sync', 'sync', 'sign-in'],
    crosses: `${event} ${take} maiagent:update maiagent:retrieve maiagent:list maiagent:retrieve table:lost ${take} ${create} ${known}`,
  },
  {
    name: 'settings changed',
    start: 'member',
    acts: ['deploy', 'sweep', 'earlier-sign-in', 'sync', 'sign-in'],
    crosses: `29×table:due ${look} ${known} ${move} table:read ${take} ${update} ${known}`,
  },
  {
    name: 'settings changed and asked first',
    start: 'signed-in member',
    acts: ['deploy', 'sign-in', 'earlier-sign-in', 'sweep'],
    crosses: `29×table:due ${hear} ${update} table:read ${look} ${move}`,
  },
  {
    name: 'settings changed, and an earlier function is refused',
    start: 'member',
    acts: ['deploy', 'sweep', 'earlier-told-disabled', 'sync'],
    crosses: `29×table:due ${look} ${known} ${move} table:read ${take} ${update}`,
  },
  {
    name: 'settings changed, and an earlier function writes late',
    start: 'partner',
    acts: ['deploy', 'sweep', 'earlier-told-updated-back', 'earlier-sync', 'sign-in'],
    crosses: `29×table:due ${look} ${move} ${event} ${take} ${update} ${hear} ${update}`,
  },
  {
    name: 'settings changed, and the second pass finds what was written late',
    start: 'written late',
    acts: ['sweep', 'sync', 'sign-in'],
    crosses: `29×table:due ${look} ${known} ${move} ${take} ${update} ${known}`,
  },
  {
    name: 'settings changed twice',
    start: 'member',
    acts: ['deploy', 'sweep', 'deploy', 'sweep', 'sync', 'sign-in'],
    crosses: `58×table:due ${look} ${known} ${move} ${look} ${known} ${move} table:read table:rest table:read-pause table:read ${known}`,
  },
];
