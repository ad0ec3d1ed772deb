import type http from 'node:http';
import { type GuardedServer, startGuardedServer } from '../../http/guard.ts';
import { ExpressionError } from './cron-pattern.ts';
import { operate, Refusal, type Scheduler, statuses } from './operations.ts';
import { type Alarms, type CallTarget, openScheduleBook } from './schedule-book.ts';

/** A running EventBridge Scheduler that knows `CreateSchedule`, `GetSchedule` and `DeleteSchedule`. */
export interface SchedulerEndpoint extends GuardedServer {
  /** From now on schedules fire, those of a former run too. */
  start(callTarget: CallTarget): void;
}

/** What the endpoint needs. */
export interface SchedulerOptions extends Omit<Scheduler, 'book'> {
  /** Where the schedules are kept. */
  readonly file: string;
  readonly clock: Alarms;
  /** What a program must show to be answered. */
  readonly key: string;
}

/** Starts the endpoint on loopback. Throws where the file holds something else than schedules. */
export async function startScheduler(options: SchedulerOptions): Promise<SchedulerEndpoint> {
  const book = openScheduleBook(options.file, options.groups, options.clock);
  const server = await startGuardedServer(options.key, (req, res) => respond({ ...options, book }, req, res));
  return { ...server, start: (callTarget) => book.start(callTarget) };
}

async function respond(scheduler: Scheduler, req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
  const say = (status: number, body: object, headers: Record<string, string> = {}) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(JSON.stringify(body));
  };
  try {
    say(200, operate(scheduler, req.method ?? '', req.url ?? '/', await read(req)));
  } catch (error) {
    if (req.destroyed && !req.complete) return;
    const refusal = error instanceof ExpressionError ? new Refusal('ValidationException', error.message) : error;
    if (refusal instanceof Refusal)
      return say(statuses[refusal.type], { Message: refusal.message }, { 'x-amzn-errortype': refusal.type });
    // A bug has to be seen.
    console.error(error);
    say(500, { Message: 'internal error' }, { 'x-amzn-errortype': 'InternalServerException' });
  }
}

/** An input is at most 256 KB in AWS; the rest of a request is small beside it. */
const bodyLimitBytes = 300_000;

async function read(req: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= bodyLimitBytes) chunks.push(chunk);
  }
  if (length > bodyLimitBytes) throw new Refusal('ValidationException', `The request is over ${bodyLimitBytes} bytes.`);
  return Buffer.concat(chunks).toString('utf8');
}
