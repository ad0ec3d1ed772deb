import * as z from 'zod/mini';
import { CommandError } from './command-error.ts';
import type { Deployment } from './deployment.ts';

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

/** Reads one user from every store that can be read, and says for each what came of it. Throws `CommandError` where the function fails. */
export async function refreshUser(deployment: Deployment, userId: string): Promise<readonly string[]> {
  const called = await deployment.callUserChanged({ refresh: userId });
  if (called.kind === 'failed') throw new CommandError(`user-changed failed: ${called.message}; its log says more`);
  if (called.kind === 'timed-out') throw new CommandError('user-changed ran out of time: it reads the user by itself');
  const refreshed = z.safeParse(refreshedSchema, called.payload);
  if (!refreshed.success)
    throw new CommandError('user-changed gave another answer than this command knows: deploy the same version');
  const sources = Object.entries(refreshed.data);
  if (sources.length === 0) throw new CommandError('no source of this stage declares how its users are read');
  return sources.map(([source, ended]) => `${source}: ${meanings[ended] ?? ended}`);
}
