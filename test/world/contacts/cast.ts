import type { Cast } from '../boundaries/encounters.ts';
import type { Act } from './person.ts';
import type { Setup } from './setups.ts';

const acts: readonly Act[] = [
  'sign-in',
  'sign-in-anew',
  'put',
  'put-disabled',
  'told-created',
  'told-updated',
  'told-updated-back',
  'told-created-back',
  'told-disabled',
  'told-deleted',
  'sync',
  'audit',
];

const setups: readonly Setup[] = [
  'stranger',
  'known',
  'token member',
  'signed-in member',
  'talker',
  'changed',
  'changed back',
  'to be disabled',
  'to be deleted',
  'to be recreated',
  'disabled',
  'deleted',
  'vanished, changed',
  'edited',
];

/** Acts that bring a document, whose version may be older or newer than the other's. */
const isDocument = (act: Act): boolean => act.startsWith('told-') || act.startsWith('put');

/** What goes into the quarantine and out of it, while somebody else redrives, discards, uses the id again or rotates the secret. */
export const quarantineActs: Cast<Act, Setup> = {
  name: 'quarantine',
  stories: [
    { name: 'redriven', start: 'member', acts: ['told-ahead', 'time-comes', 'redrive'] },
    { name: 'id used again', start: 'member', acts: ['told-ahead', 'told-ahead-again', 'time-comes', 'redrive'] },
    { name: 'id of a change', start: 'member', acts: ['told-updated', 'told-nonsense', 'redrive'] },
    { name: 'discarded', start: 'member', acts: ['told-nonsense', 'discard', 'redrive'] },
    { name: 'ignored', start: 'member', acts: ['told-other', 'told-nonsense', 'redrive'] },
  ],
  comers: [
    { name: 'redrive', acts: ['redrive'] },
    { name: 'discard', acts: ['discard'] },
    { name: 'told-ahead-again', acts: ['told-ahead-again'] },
    { name: 'rotation', acts: ['rotate-secret', 'told-nonsense', 'redrive'] },
  ],
  more: ['told-ahead-again', 'redrive', 'discard', 'rotate-secret'],
  rivals: [['redrive'], ['discard', 'sign-in'], ['rotate-secret', 'told-ahead-again']],
};

/** A contact that somebody made by hand is adopted, or refused, while somebody else signs in, tells of the user, disables or deletes them. */
export const adoptionActs: Cast<Act, Setup> = {
  name: 'adoption',
  stories: (['made by hand', 'kept by MaiAgent'] as const).map((start) => ({
    name: start,
    start,
    acts: ['adopt', 'sync'],
    from: 1,
  })),
  comers: (['sign-in', 'sync', 'told-created', 'told-disabled', 'told-deleted', 'rotate', 'put right'] as const).map(
    (act) => ({ name: act, acts: [act] }),
  ),
  more: ['sign-in', 'sync', 'adopt', 'told-disabled', 'told-enabled', 'put right'],
  rivals: [
    ['lease-passes', 'sync', 'sign-in'],
    ['lease-passes', 'put right', 'adopt', 'sign-in'],
  ],
};

/** Each two acts on one user. Whoever comes before the first boundary comes before the story. */
export const twoActs: Cast<Act, Setup> = {
  name: 'two acts',
  stories: setups.flatMap((start) =>
    acts.map((first) => ({ name: `${start}/${first}`, start, acts: [first], from: 1 })),
  ),
  comers: acts.flatMap((act) => [
    { name: act, acts: [act] },
    ...(isDocument(act) ? [{ name: `older ${act}`, acts: [act], isOlder: true }] : []),
  ]),
  more: acts,
  rivals: [
    ['lease-passes', 'sync', 'sign-in'],
    ['lease-passes', 'sign-in'],
  ],
};
