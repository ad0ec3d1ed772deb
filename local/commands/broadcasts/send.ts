import { randomUUID } from 'node:crypto';
import { CommandError } from '../command-error.ts';
import type { Broadcast } from '../bridge-operations.ts';
import { previewLines } from './broadcast-lines.ts';
import { confirm } from './confirm.ts';
import type { Ask } from '../api/ask.ts';
import { NoAnswerError } from '../api/exchange.ts';
import { requestOf, type RequestOptions } from './request.ts';

/** How a broadcast is sent, beside what it is. */
export interface SendOptions extends RequestOptions {
  readonly key?: string;
  readonly confirm?: string;
  readonly dryRun?: boolean;
  readonly json?: true;
}

/**
 * Shows whom it reaches, and sends it to exactly those: the API refuses when they have changed since. Undefined where nothing was
 * sent, because it was a dry run or nobody agreed. Throws `CommandError`.
 */
export async function send(ask: Ask, options: SendOptions): Promise<Broadcast | undefined> {
  const request = await requestOf(options);
  const { body: preview } = await ask('previewBroadcast', { body: request });
  const say = options.json ? console.error : console.log;
  if (options.json && options.dryRun) console.log(JSON.stringify(preview, undefined, 2));
  else for (const line of previewLines(preview)) say(line);
  if (options.dryRun) return undefined;
  const needsAgreement = request.audience.kind === 'all' && options.confirm !== 'all';
  const question = `This reaches everybody, ${preview.recipients} now. Type all to send it: `;
  if (needsAgreement && !(await confirm(question, 'all', '--confirm all'))) {
    say('nothing was sent');
    process.exitCode = 1;
    return undefined;
  }
  const audienceHash = preview.audienceHash ?? undefined;
  return create(ask, { ...request, audienceHash }, options.key ?? randomUUID(), say);
}

async function create(ask: Ask, body: object, key: string, say: (line: string) => void): Promise<Broadcast> {
  // Before the request: who stops here, or is stopped, can still repeat it safely.
  say(`key            ${key} (give the command again with --key ${key}: nothing is sent twice)`);
  try {
    const answer = await ask('createBroadcast', { body, headers: { 'idempotency-key': key } });
    const what = answer.status === 201 ? 'accepted' : 'was accepted before under this key';
    say(`broadcast      ${answer.body.broadcastId} ${what}`);
    return answer.body;
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    const advice = `whether it was accepted is not known: give the command again with --key ${key}`;
    throw new CommandError(`${error.message}; ${advice}`, { cause: error });
  }
}
