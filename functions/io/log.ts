import { AsyncLocalStorage } from 'node:async_hooks';
import { Unavailable } from '../rules/failure.ts';
import { METRICS_NAMESPACE, type MetricName } from '../rules/metrics.ts';

/** What a line may carry: codes, counts, times, request ids, pseudonyms; never a name, address, token or id. The audit trail names the operator. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One JSON line per event on standard output, which Lambda sends to the function's log group. */
export interface Log {
  note(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** Counts something in CloudWatch, by the embedded metric format: no call, no library. */
  count(metric: MetricName, value?: number): void;
}

/** By which a line can be followed: the pseudonym of the person whom the work is about, a mark of the client that asked, the broadcast. */
interface About {
  person?: string | undefined;
  caller?: string | undefined;
  broadcast?: string | undefined;
}
const about = new AsyncLocalStorage<About>();

/** Does one piece of work. What is said by `logAbout` in it stands in its lines from then on, and in those of no other work at the time. */
export const logApart = <Result>(work: () => Result): Result => about.run({}, work);

/** Says about whom the work is, as soon as that is known. Outside of `logApart` it says nothing. */
export function logAbout(whom: About): void {
  Object.assign(about.getStore() ?? {}, whom);
}

/** The name of an error. Its message must not be logged, because it may quote personal data. */
export const kindOf = (error: unknown): string => {
  if (error instanceof Unavailable) return error.setting ?? error.code;
  return error instanceof Error ? error.name : 'unknown';
};

/** A bug's own text may quote what it worked on, in lines like those below it: the log gets its kind, and the first line of the stack itself. */
export function noteBug(log: Log, error: unknown): void {
  const places = error instanceof Error ? error.stack?.replace(error.message, '') : undefined;
  const at = /^\s+at .*/m.exec(places ?? '')?.[0].trim();
  log.error('bug', { kind: kindOf(error), at });
}

/** Says and counts that somebody has the `none` permissions because these fields, which rules look at, are unknown. No value, no id. */
export function noteUnknown(log: Log, fields: readonly string[]): void {
  if (fields.length === 0) return;
  log.count('UnknownPermissions');
  log.note('permissions-unknown', { fields: fields.join(', ') });
}

/** What the command line says of itself; whoever may invoke the function could write another (docs/operations.md). */
const operatorForm = /^[\w+=,.@:/-]{1,300}$/;

/** The line of the audit trail for what an operator asks for past the API. */
export function noteOperator(log: Log, action: string, operator: unknown, fields: LogFields): void {
  const isNamed = typeof operator === 'string' && operatorForm.test(operator);
  log.note('operator-asked', { action, operator: isNamed ? operator : 'unnamed', ...fields });
}

/** The names that Lambda reads (AWS, "Configuring JSON and plain text log formats"). Metrics are errors, so that no level takes them away. */
const stamp = (level: string) => ({ timestamp: new Date().toISOString(), level });

/** A log that writes each line with `write`. Metrics carry the function's name, with the stage in it: two stages in one account do not mix. */
export function jsonLog(
  job: string,
  write: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): Log {
  const line =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      write(JSON.stringify({ ...stamp(level), job, event, ...fields, ...about.getStore() }));
  return {
    note: line('info'),
    warn: line('warn'),
    error: line('error'),
    count(metric, value = 1) {
      const metrics = [
        { Namespace: METRICS_NAMESPACE, Dimensions: [['function']], Metrics: [{ Name: metric, Unit: 'Count' }] },
      ];
      const name = process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? job;
      write(
        JSON.stringify({
          ...stamp('error'),
          _aws: { Timestamp: Date.now(), CloudWatchMetrics: metrics },
          function: name,
          [metric]: value,
          ...about.getStore(),
        }),
      );
    },
  };
}
