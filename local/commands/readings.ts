import * as z from 'zod/mini';
import { CommandError } from './command-error.ts';
import { type Called, type Deployment, deploymentOf, type Target } from './deployment.ts';
import { terminalText } from './terminal-text.ts';

/** `contact-bridge refresh`: reads one user again. */
export async function runRefresh(
  userId: string,
  { json, ...target }: Target & { readonly json?: true },
): Promise<void> {
  const sources = await refreshUser(deploymentOf(target), userId);
  for (const line of json ? [JSON.stringify(sources)] : refreshedLines(sources)) console.log(line);
}

interface FullReadOptions extends Target {
  /** When the reading began that is to be committed. */
  readonly release?: number;
  readonly json?: true;
}

/** `contact-bridge full-read`: how the reading of everybody stands. */
export async function runFullRead(source: string, { json, release, ...target }: FullReadOptions): Promise<void> {
  const read = await fullRead(deploymentOf(target), source, release);
  for (const line of json ? [JSON.stringify(read)] : fullReadLines(source, read)) console.log(line);
}

const refreshedSchema = z.record(z.string(), z.string());

const meanings: Readonly<Record<string, string>> = {
  read: 'read and kept',
  missing: 'the store has no such user: disabled here, if there is one here',
  superseded: 'is being read by somebody else at this moment',
  repeat: 'something happened meanwhile: it is read again within a minute',
  unreachable: 'the store does not answer: it is read again by itself',
  refused: 'the store refuses the credentials: see its secret and its role',
  busy: 'the store asks for a pause: it is read again by itself',
  unclear: 'the answer is not one of the store: it is read again by itself',
  too_large: 'has more fields than can be kept of a user',
};

/** Reads one user from every store that can be read, and answers by source one word for what came of it. Throws `CommandError` where the function fails. */
export async function refreshUser(deployment: Deployment, userId: string): Promise<Readonly<Record<string, string>>> {
  const sources = answerOf(await deployment.callUserChanged({ refresh: userId }), refreshedSchema);
  if (Object.keys(sources).length > 0) return sources;
  throw new CommandError('no source of this stage declares how its users are read');
}

/** What came of the readings, for people. */
export const refreshedLines = (sources: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(sources).map(([source, ended]) => `${source}: ${meanings[ended] ?? ended}`);

const answerSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('state'),
    state: z.object({
      phase: z.string(),
      startedAtMs: z.number(),
      lists: z.number(),
      people: z.number(),
      losses: z.number(),
      others: z.number(),
      unread: z.number(),
      unforeseen: z.optional(z.number()),
      isListCut: z.optional(z.boolean()),
    }),
    findings: z.array(z.object({ userId: z.string(), kind: z.string() })),
  }),
  z.object({ kind: z.enum(['none', 'released', 'other']) }),
]);

const phases: Readonly<Record<string, string>> = {
  list: 'goes through the list of the store',
  links: 'compares everybody whom the store has told of',
  stopped: 'is stopped, and has changed nothing',
  commit: 'is being committed',
  done: 'is done',
};

/**
 * How the full reading of a source stands, with those whom it would take something from or could not read; or that the reading which was
 * shown is released. Throws `CommandError` where the function fails, or there is no such reading to release.
 */
export async function fullRead(deployment: Deployment, source: string, release?: number) {
  const ask = async (more: object) =>
    answerOf(await deployment.callUserChanged({ fullRead: source, ...more }), answerSchema);
  const answer = await ask(release === undefined ? {} : { release });
  if (answer.kind === 'released') return { released: true } as const;
  if (answer.kind === 'other')
    throw new CommandError(
      'it is not this reading that is stopped: look again, because another one may have found others',
    );
  if (answer.kind !== 'state') throw new CommandError(`${source} has never been read fully: see fullReadHours`);
  const { phase, startedAtMs, lists, unforeseen = 0, isListCut = false, ...counts } = answer.state;
  const affected: { userId: string; kind: string }[] = [];
  for (let list = 0; list < (phase === 'stopped' ? lists : 0); list += 1) {
    const one = list === 0 ? answer : await ask({ list });
    if (one.kind !== 'state' || one.state.startedAtMs !== startedAtMs)
      throw new CommandError('another reading has begun: ask again');
    affected.push(...one.findings.filter(({ kind }) => kind !== 'other' || unforeseen > 0));
  }
  return { startedAtMs, phase, ...counts, unforeseen, isListCut, affected };
}

/** The same for people. */
export function fullReadLines(source: string, read: Awaited<ReturnType<typeof fullRead>>): readonly string[] {
  if ('released' in read) return ['released: it is committed within minutes'];
  const { phase, startedAtMs, people, losses, others, unread, unforeseen, isListCut, affected } = read;
  const began = new Date(startedAtMs).toISOString();
  const standing =
    unforeseen > 0 ? `${phase}, and ${unforeseen} lost something that nobody had found` : (phases[phase] ?? phase);
  const head = `the reading of ${began} ${standing}: ${people} people, ${losses} would lose something, ${others} differ otherwise, ${unread} could not be read${isListCut ? '; the list of the store could not be had' : ''}`;
  if (phase !== 'stopped') return [head];
  const named = affected.map(({ userId, kind }) => terminalText(`  ${kind} ${userId}`));
  return [head, ...named, `to let it be committed: contact-bridge full-read ${source} --release ${startedAtMs}`];
}

/** What the function answered, if it is what this command knows; `late` is what to do where its time was up. Throws `CommandError` otherwise. */
export function answerOf<Schema extends z.ZodMiniType>(
  called: Called,
  schema: Schema,
  late = 'it goes on by itself',
): z.output<Schema> {
  if (called.kind === 'failed') throw new CommandError(`the function failed: ${called.message}; its log says more`);
  if (called.kind === 'timed-out') throw new CommandError(`the function ran out of time: ${late}`);
  const answer = z.safeParse(schema, called.payload);
  if (answer.success) return answer.data;
  throw new CommandError('the function gave another answer than this command knows: deploy the same version');
}
