import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import { outages, refusals } from '../../functions/rules/failure.ts';
import { problemAnswer } from '../../functions/rules/http/answers.ts';
import { operations, type Operation } from '../../functions/rules/http/operations.ts';
import { allRoutes, keysOf } from '../../functions/rules/http/routes.ts';

const failures = Object.entries({ ...refusals, ...outages, internal_error: [500] });
const statuses = Object.fromEntries(failures.map(([code, [status]]) => [code, status]));
const described: Readonly<Record<string, Operation>> = operations;
const idOf = new Map(
  Object.entries(allRoutes()).flatMap(([id, route]) => keysOf(route).map((key) => [key, id] as const)),
);

/** Throws where a job's answer is not one that the API's description promises: another status, or a member more or less. */
export function expectDescribed(routeKey: string, status: number, body: unknown): void {
  const what = `${routeKey}: ${status} ${JSON.stringify(body)}`;
  if (status >= 400) {
    const { code } = fitting(problemAnswer, body, what);
    if (statuses[code] !== status) throw new Error(`${what}: ${code} has another status`);
    return;
  }
  const answers = described[idOf.get(routeKey) ?? '']?.answers;
  if (answers && !(status in answers)) throw new Error(`${what}: the status is not described`);
  const schema = answers?.[status];
  if (schema) fitting(schema, body, what);
}

function fitting<Schema extends z.ZodMiniType>(schema: Schema, body: unknown, what: string): z.infer<Schema> {
  const read = schema.safeParse(body);
  if (!read.success) throw new Error(`${what}: ${z.prettifyError(read.error)}`);
  // What a schema does not know it leaves out.
  if (!isDeepStrictEqual(read.data, body)) throw new Error(`${what}: only ${JSON.stringify(read.data)} is described`);
  return read.data;
}
