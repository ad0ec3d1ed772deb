import { describe, expect, it } from 'vitest';
import { jsonLog } from '../../functions/io/log.ts';

function lines(use: (log: ReturnType<typeof jsonLog>) => void): Record<string, unknown>[] {
  const written: string[] = [];
  use(jsonLog('identify', (line) => void written.push(line)));
  return written.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a line of the log', () => {
  it.each([
    ['note', 'info'],
    ['warn', 'warn'],
    ['error', 'error'],
  ] as const)('of %s is one JSON object with timestamp, level, job, event and fields', (method, level) => {
    const [line] = lines((log) => log[method]('request', { status: 200, code: undefined, look_at: 'a\nb' }));
    expect(line).toEqual({
      // Lambda filters by these two names alone.
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      level,
      job: 'identify',
      event: 'request',
      status: 200,
      look_at: 'a\nb',
    });
  });

  it('is one line whatever the fields hold', () => {
    const written: string[] = [];
    jsonLog('identify', (line) => void written.push(line)).note('request', { at: 'a\nb\u2028c' });
    expect(written.join('').split('\n')).toHaveLength(1);
  });

  it('of a count is in the embedded metric format of CloudWatch', () => {
    const [once, more] = lines((log) => {
      log.count('ExtraContacts');
      log.count('ExtraContacts', 3);
    });
    expect(once).toEqual({
      timestamp: expect.any(String),
      // No level that an operator sets for the log may take the metrics away.
      level: 'error',
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'ContactBridge',
            Dimensions: [['function']],
            Metrics: [{ Name: 'ExtraContacts', Unit: 'Count' }],
          },
        ],
      },
      function: 'identify',
      ExtraContacts: 1,
    });
    expect(more).toMatchObject({ ExtraContacts: 3 });
  });

  it('of a count under a name that no alarm or graph could know does not compile', () => {
    // @ts-expect-error -- misspelt: it is ExtraContacts
    expect(lines((log) => log.count('ExtraContact'))).toHaveLength(1);
  });
});
