import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient, GetQueryResultsCommand, StartQueryCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CommandError } from '../command-error.ts';

/** As many as one query of Logs Insights gives (AWS, "CloudWatch Logs quotas"). */
export const linesMax = 10_000;

const pollMs = 500;
/** A query over a day of a large deployment takes seconds. */
const patienceMs = 120_000;

/** The query for the lines that hold a word, in their order. */
export const linesWith = (word: string): string => `filter @message like "${word}" | sort @timestamp asc`;

/** The lines that a query of Logs Insights finds in these log groups. Throws `CommandError` where it does not end well. */
export async function cloudWatchLines(
  logGroupNames: readonly string[],
  query: string,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<string[]> {
  const client = new CloudWatchLogsClient({});
  try {
    const { queryId } = await client.send(
      new StartQueryCommand({
        logGroupNames: [...logGroupNames],
        startTime: Math.floor(fromMs / 1000),
        endTime: Math.ceil(untilMs / 1000),
        queryString: `fields @message | ${query} | limit ${linesMax}`,
      }),
    );
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const { status, results = [] } = await client.send(new GetQueryResultsCommand({ queryId }));
      if (status === 'Complete')
        return results.flatMap((row) => row.find(({ field }) => field === '@message')?.value ?? []);
      if (status !== 'Scheduled' && status !== 'Running')
        throw new CommandError(`CloudWatch ended the query as ${status ?? 'unknown'}: give a shorter --since`);
      if (performance.now() > giveUpAt)
        throw new CommandError(
          `CloudWatch has not ended the query within ${patienceMs / 1000} s: give a shorter --since`,
        );
      await sleep(pollMs);
    }
  } finally {
    client.destroy();
  }
}
