import * as z from 'zod/mini';
import { type Definition, definitionSchema, type KeptSchedule, nameSchema } from './definition.ts';
import type { ScheduleBook } from './schedule-book.ts';

/** What the operations work on. */
export interface Scheduler {
  readonly book: ScheduleBook;
  /** The groups that exist; AWS's own group `default` is none of a stack's. */
  readonly groups: readonly string[];
  /** The functions that may be targets. */
  readonly functionArns: readonly string[];
}

/** The errors of the protocol and their statuses (AWS, "CreateSchedule", Errors). */
export const statuses = {
  ConflictException: 409,
  ResourceNotFoundException: 404,
  ServiceQuotaExceededException: 402,
  UnknownOperationException: 404,
  ValidationException: 400,
} as const;

/** A refusal in the words of the protocol. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly type: keyof typeof statuses;
  constructor(type: keyof typeof statuses, message: string) {
    super(message);
    this.type = type;
  }
}

/**
 * Carries out one request: `CreateSchedule` (POST), `GetSchedule` and `DeleteSchedule`. Answers the body of the reply. Throws
 * `Refusal`, and `ExpressionError` for an expression or a zone.
 */
export function operate(scheduler: Scheduler, method: string, url: string, body: string): object {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, encoded] = /^\/schedules\/([^/]+)$/.exec(pathname) ?? [];
  if (encoded === undefined || !['POST', 'GET', 'DELETE'].includes(method))
    throw new Refusal('UnknownOperationException', 'only making, showing and deleting one schedule run here');
  const name = valid(nameSchema, decoded(encoded), 'Name');
  if (method === 'POST') return create(scheduler, name, definitionOf(scheduler, body));
  const group = valid(nameSchema, searchParams.get('groupName') ?? 'default', 'GroupName');
  const schedule = existing(scheduler, group, name);
  if (method === 'GET') return shown(schedule);
  scheduler.book.remove(schedule);
  return {};
}

/** Schedules at once: AWS allows a million, whose file would take seconds to write. */
const schedulesMax = 10_000;

function create(scheduler: Scheduler, name: string, definition: Definition): object {
  const { book } = scheduler;
  // The client token is not looked at: nobody may rely on AWS's few minutes of memory of it.
  if (book.find(definition.GroupName, name)) throw new Refusal('ConflictException', `Schedule ${name} already exists.`);
  if (book.size >= schedulesMax)
    throw new Refusal('ServiceQuotaExceededException', `There are ${schedulesMax} schedules.`);
  return { ScheduleArn: arnOf(book.put(name, definition)) };
}

function existing({ book, groups }: Scheduler, group: string, name: string): KeptSchedule {
  requireGroup(groups, group);
  const schedule = book.find(group, name);
  if (!schedule) throw new Refusal('ResourceNotFoundException', `Schedule ${name} does not exist.`);
  return schedule;
}

function requireGroup(groups: readonly string[], group: string): void {
  if (!groups.includes(group))
    throw new Refusal('ResourceNotFoundException', `Schedule group ${group} does not exist.`);
}

function definitionOf({ groups, functionArns }: Scheduler, body: string): Definition {
  const definition = valid(definitionSchema, parsed(body), 'request');
  const { Target, EndDate } = definition;
  requireGroup(groups, definition.GroupName);
  if (!functionArns.includes(Target.Arn))
    throw new Refusal(
      'ValidationException',
      `Provided Arn is not in correct format: ${Target.Arn} is no function here.`,
    );
  // A client lives in real time, however far the clock of the schedules was moved.
  if (EndDate !== undefined && EndDate <= Date.now() / 1000)
    throw new Refusal('ValidationException', 'The EndDate you specify must come after the present.');
  return definition;
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
  const places = result.error.issues.map((issue) => [what, ...issue.path, ...unknownKeys(issue)].join('.'));
  throw new Refusal('ValidationException', `Value at ${places.join(', ')} failed to satisfy constraint.`);
}

function unknownKeys(issue: z.core.$ZodIssue): string[] {
  return issue.code === 'unrecognized_keys' ? issue.keys : [];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
