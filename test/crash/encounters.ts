import { createHash } from 'node:crypto';
import { runCase, type CrashCase } from './crash-case.ts';
import type { Ground } from './jobs.ts';
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

const AT_ONCE = 8;

/** Each two acts on one user, the second running to its end at every boundary of the first. */
export async function encounters(ground: Ground): Promise<CrashCase[]> {
  const begun = setups.flatMap((setup) => acts.map((first) => ({ setup, first })));
  const crossed: (readonly string[])[] = [];
  // A few at once: more of them keep each other waiting until a real timeout strikes one, in a time that stands still.
  for (let at = 0; at < begun.length; at += AT_ONCE)
    crossed.push(
      ...(await Promise.all(
        begun.slice(at, at + AT_ONCE).map(({ setup, first }) => boundariesOf(setup, first, ground)),
      )),
    );
  return begun.flatMap(({ setup, first }, index) =>
    acts.flatMap((act) => meetings(setup, first, act, crossed[index] ?? [])),
  );
}

function meetings(setup: Setup, first: Act, act: Act, crossed: readonly string[]): CrashCase[] {
  return crossed.flatMap((boundary, at) => {
    if (at === 0) return [];
    const isSyncFirst = at % 2 === 0;
    return (isDocument(act) ? [false, true] : [false]).map((isOlder) => ({
      id: `${setup}/${first} before ${at} ${boundary}/${isOlder ? 'older ' : ''}${act}`,
      setup,
      acts: [first],
      meeting: { at, act, isOlder },
      isSyncFirst,
    }));
  });
}

/** A story of one to three acts, and one that comes between somewhere, each with a fault somewhere; the seed decides all of it. */
export async function faultyEncounter(seed: number, ground: Ground): Promise<CrashCase> {
  const digest = createHash('sha256').update(`seed ${seed}`).digest();
  const draw = (index: number, below: number): number => digest.readUInt16LE(index * 2) % below;
  const setup = setups[draw(0, setups.length)] ?? 'stranger';
  const first = acts[draw(1, acts.length)] ?? 'sign-in';
  const act = acts[draw(2, acts.length)] ?? 'sign-in';
  const { length } = await boundariesOf(setup, first, ground);
  const more = Array.from({ length: draw(3, 3) }, (_, index) => acts[draw(12 + index, acts.length)] ?? 'sync');
  return {
    id: `seed ${seed}/`,
    setup,
    acts: [first, ...more],
    // Faults lead to calls that the calm story does not have.
    strike: { at: draw(4, length + 3 + 3 * more.length), choice: draw(5, 1000) },
    meeting: {
      at: draw(6, length + 3 * more.length),
      act,
      isOlder: draw(7, 2) === 0,
      strike: { at: draw(8, 7), choice: draw(9, 1000) },
    },
    isSyncFirst: draw(10, 2) === 0,
    rival: draw(11, 2) === 0 ? ['sync', 'sign-in'] : ['sign-in'],
  };
}

const known = new Map<string, Promise<readonly string[]>>();

/** What one act crosses when it is alone and nothing goes wrong; throws if even then something does not hold. */
function boundariesOf(setup: Setup, act: Act, ground: Ground): Promise<readonly string[]> {
  const id = `${setup}/${act}/alone`;
  const crossed =
    known.get(id) ??
    runCase({ id, setup, acts: [act] }, ground).then(({ crossed, accusations }) => {
      if (accusations.length > 0) throw new Error(`${id}: ${accusations.join(', ')}`);
      return crossed;
    });
  known.set(id, crossed);
  return crossed;
}
