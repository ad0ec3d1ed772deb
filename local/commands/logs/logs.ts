import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { CommandError } from '../command-error.ts';
import { type Deployment, deploymentOf, type Target } from '../deployment.ts';
import { terminalText } from '../terminal-text.ts';
import { linesMax } from './cloudwatch-lines.ts';

interface LogsOptions extends Target {
  /** In ms. */
  readonly since: number;
  readonly json?: true;
}

/** `contact-bridge logs`: what happened to one person. */
export async function runLogs(userId: string, { since, json, ...target }: LogsOptions): Promise<void> {
  const lines = await linesAbout(deploymentOf(target), userId, Date.now() - since);
  for (const line of lines) console.log(json ? line : logLine(line));
  if (lines.length === 0) console.error('the log says nothing of this user in that time: --since reaches further back');
  if (lines.length >= linesMax) console.error(`these are the first ${linesMax}: give a shorter --since`);
}

/** What a line of the log may hold; the rest is shown as it is. */
type Line = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * What the log says of a user since then, the oldest first, as JSON. Throws `CommandError` for a user of whom there is no link, or whose
 * link has no pseudonym yet.
 */
export async function linesAbout(deployment: Deployment, userId: string, fromMs: number): Promise<string[]> {
  const person = await pseudonymOf(deployment, userId);
  const lines = await deployment.linesAbout(person, fromMs);
  const read = lines.map((text) => ({ text, line: JSON.parse(text) as Line })).filter(({ line }) => 'event' in line);
  return read
    .filter(({ line }) => timeOf(line) >= fromMs)
    .toSorted((a, b) => timeOf(a.line) - timeOf(b.line))
    .map(({ text }) => text);
}

async function pseudonymOf(deployment: Deployment, userId: string): Promise<string> {
  const { client, tableName } = await deployment.links();
  try {
    const { Item } = await client.send(
      new GetItemCommand({
        TableName: tableName,
        Key: { pk: { S: `user#${userId}` } },
        ProjectionExpression: 'pk, pseudonym',
      }),
    );
    if (!Item) throw new CommandError(`there is no user ${terminalText(userId)} here; ids are case-sensitive`);
    const person = Item['pseudonym']?.S;
    if (person !== undefined) return person;
    throw new CommandError(
      'this link is older than pseudonyms and gets one with its next write: nothing can be found yet',
    );
  } finally {
    client.destroy();
  }
}

const stampOf = ({ timestamp, time }: Line): string => String(timestamp ?? time);
const timeOf = (line: Line): number => Date.parse(stampOf(line));

/** A line of the log for people: when, which job, and what it was. */
export function logLine(json: string): string {
  const line = JSON.parse(json) as Line;
  return terminalText(`${stampOf(line)}  ${String(line['job']).padEnd(12)}  ${wordsOf(line)}`);
}

function wordsOf(line: Line): string {
  const { event, route, status, code, ms, source, kind, outcome, operation } = line;
  const words = (...all: readonly Line[string][]) => all.filter((word) => word !== undefined).join(' ');
  switch (event) {
    case 'request':
      return words(route, status, code, `${ms} ms`);
    case 'event':
      return words('event', kind, 'of', `${source}:`, outcome);
    case 'maiagent':
      return words('MaiAgent', `${operation}:`, outcome, status, `${ms} ms`);
    default: {
      const { timestamp: _, time: __, level: ___, job: ____, event: _____, person: ______, ...rest } = line;
      return words(event, ...Object.entries(rest).map(([name, value]) => `${name}=${value}`));
    }
  }
}
