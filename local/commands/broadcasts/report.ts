import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { CommandError } from '../command-error.ts';
import type { Recipient } from '../bridge-operations.ts';
import { type Ask, pagesOf } from '../api/ask.ts';

/** Which run, and where to; without them the newest run, to standard output. */
export interface ReportOptions {
  readonly run?: string;
  readonly out?: string;
}

const columns = ['run', 'userId', 'contactId', 'state', 'reason', 'messageId', 'conversationId', 'at'];

/**
 * Writes every recipient of a run as CSV, a page at a time, and answers how many are in which state; undefined where the reader of
 * standard output left before the end. The file takes its name when it is whole, so that half a report is never taken for one. A cell that a spreadsheet would run as a formula gets a leading
 * apostrophe. Throws `CommandError` for a file that cannot be written.
 */
export async function writeReport(
  ask: Ask,
  broadcastId: string,
  { run, out }: ReportOptions,
): Promise<ReadonlyMap<string, number> | undefined> {
  const counts = new Map<string, number>();
  const rows = async function* () {
    for await (const row of recipientsOf(ask, broadcastId, run)) {
      counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
      yield row;
    }
  };
  const csv = stringify({ header: true, columns, escape_formulas: true });
  if (out !== undefined) await toFile(rows(), csv, out);
  else if ((await toStandardOutput(rows(), csv)) === 'left') return undefined;
  return counts;
}

type Rows = AsyncGenerator<Recipient & { readonly run: string }>;

async function* recipientsOf(ask: Ask, broadcastId: string, asked?: string): Rows {
  let run = asked;
  const pages = pagesOf((from) => ask('listRecipients', { path: { broadcastId }, query: { run, from } }));
  for await (const page of pages) {
    // Every page is of the same run, also when a newer one begins in between.
    run = page.run;
    for (const recipient of page.recipients) yield { run: page.run, ...recipient };
  }
}

async function toStandardOutput(rows: Rows, csv: NodeJS.ReadWriteStream): Promise<'written' | 'left'> {
  try {
    await pipeline(rows, csv, process.stdout, { end: false });
    return 'written';
  } catch (error) {
    // Whoever reads has seen enough, as `head` does.
    if (isErrno(error) && error.code === 'EPIPE') return 'left';
    throw error;
  }
}

async function toFile(rows: Rows, csv: NodeJS.ReadWriteStream, out: string): Promise<void> {
  const part = `${out}.${process.pid}.part`;
  try {
    // Who got what is nobody else's business on a machine that several people use.
    await pipeline(rows, csv, createWriteStream(part, { mode: 0o600 }));
    await rename(part, out);
  } catch (error) {
    await rm(part, { force: true });
    if (isErrno(error)) throw new CommandError(`${out} cannot be written: ${error.message}`);
    throw error;
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
