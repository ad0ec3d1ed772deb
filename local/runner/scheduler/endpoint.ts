import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import { readJson } from '../../http/body.ts';
import { startGuardedServer } from '../../http/guard.ts';
import { type Definition, definitionSchema, type KeptSchedule, nameSchema } from './definition.ts';
import { type Alarms, type CallTarget, openScheduleBook, type ScheduleBook } from './schedule-book.ts';
import { ExpressionError } from './timetable.ts';

/** A running EventBridge Scheduler that knows `CreateSchedule`, `GetSchedule` and `DeleteSchedule`. */
export type SchedulerEndpoint = Awaited<ReturnType<typeof startScheduler>>;

/** What the endpoint needs. */
export interface SchedulerOptions {
  /** Where the schedules are kept. */
  readonly file: string;
  /** The groups that exist; AWS's own group `default` is none of a stack's. */
  readonly groups: readonly string[];
  /** The functions that may be targets. */
  readonly functionArns: readonly string[];
  readonly clock: Alarms;
  /** What a program must show to be answered. */
  readonly key: string;
}

type Scheduler = SchedulerOptions & { readonly book: ScheduleBook };

/** A refusal in the words of the protocol (AWS, "CreateSchedule", Errors). */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly type: string;
  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}
const invalid = (message: string) => new Refusal(400, 'ValidationException', message);
const missing = (what: string) => new Refusal(404, 'ResourceNotFoundException', `${what} does not exist.`);

/** Starts the endpoint on loopback. Throws where the file holds something else than schedules. */
export async function startScheduler(options: SchedulerOptions) {
  const scheduler = { ...options, book: openScheduleBook(options.file, options.groups, options.clock) };
  const server = await startGuardedServer(options.key, (req, res) => respond(scheduler, req, res));
  return { ...server, start: (callTarget: CallTarget) => scheduler.book.start(callTarget) };
}

async function respond(scheduler: Scheduler, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const say = (status: number, body: object, headers: Record<string, string> = {}) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(JSON.stringify(body));
  };
  try {
    say(200, operate(scheduler, req.method ?? '', req.url ?? '/', await readJson(req, bodyLimitBytes)));
  } catch (error) {
    if (req.destroyed && !req.complete) return;
    const refusal = error instanceof ExpressionError ? invalid(error.message) : error;
    if (refusal instanceof Refusal)
      return say(refusal.status, { Message: refusal.message }, { 'x-amzn-errortype': refusal.type });
    // A bug has to be seen.
    console.error(error);
    say(500, { Message: 'internal error' }, { 'x-amzn-errortype': 'InternalServerException' });
  }
}

/** An input is at most 256 KB in AWS; the rest of a request is small beside it. */
const bodyLimitBytes = 300_000;

/** Carries out one request and answers the body of the reply. Throws `Refusal`, and `ExpressionError` for an expression or a zone. */
function operate(scheduler: Scheduler, method: string, url: string, body: unknown): object {
  const { book } = scheduler;
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, encoded] = /^\/schedules\/([^/]+)$/.exec(pathname) ?? [];
  if (encoded === undefined || !['POST', 'GET', 'DELETE'].includes(method))
    throw new Refusal(404, 'UnknownOperationException', 'only making, showing and deleting one schedule run here');
  const name = valid(nameSchema, decodeURIComponent(encoded), 'Name');
  if (method === 'POST') {
    const definition = definitionOf(scheduler, body);
    // The client token is not looked at: nobody may rely on AWS's few minutes of memory of it.
    if (book.find(definition.GroupName, name))
      throw new Refusal(409, 'ConflictException', `Schedule ${name} already exists.`);
    return { ScheduleArn: arnOf(book.put(name, definition)) };
  }
  const group = requireGroup(scheduler, valid(nameSchema, searchParams.get('groupName') ?? 'default', 'GroupName'));
  const schedule = book.find(group, name);
  if (!schedule) throw missing(`Schedule ${name}`);
  if (method === 'DELETE') book.remove(schedule);
  return method === 'DELETE' ? {} : shown(schedule);
}

function definitionOf(scheduler: Scheduler, body: unknown): Definition {
  const definition = valid(definitionSchema, body, 'request');
  const { Target, EndDate } = definition;
  requireGroup(scheduler, definition.GroupName);
  if (!scheduler.functionArns.includes(Target.Arn))
    throw invalid(`Provided Arn is not in correct format: ${Target.Arn} is no function here.`);
  // A client lives in real time, however far the clock of the schedules was moved.
  if (EndDate !== undefined && EndDate <= Date.now() / 1000)
    throw invalid('The EndDate you specify must come after the present.');
  return definition;
}

function requireGroup({ groups }: Scheduler, group: string): string {
  if (!groups.includes(group)) throw missing(`Schedule group ${group}`);
  return group;
}

function shown(schedule: KeptSchedule): object {
  const { name, definition, createdAtMs } = schedule;
  return { Arn: arnOf(schedule), Name: name, ...definition, CreationDate: createdAtMs / 1000 };
}

function arnOf({ name, definition }: KeptSchedule): string {
  return `arn:aws:scheduler:us-east-1:000000000000:schedule/${definition.GroupName}/${name}`;
}

function valid<Schema extends z.ZodMiniType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const places = result.error.issues.map((issue) =>
    [what, ...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys : [])].join('.'),
  );
  throw invalid(`Value at ${places.join(', ')} failed to satisfy constraint.`);
}
