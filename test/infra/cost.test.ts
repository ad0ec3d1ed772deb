import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChangeRig, event, sampleSources } from '../rigs/change-rig.ts';
import { startDeps, type RealDeps } from '../rigs/real-parts.ts';
import { sampleStage } from './sample-stage.ts';
import { ofType, synthesized, type Synthesized } from './synthesized.ts';

const MINUTES_A_MONTH = 30 * 24 * 60;
const documented = new Map(
  readFileSync('docs/cost.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .map(([what = '', ...cells]) => [what, cells]),
);
const numbersOf = (what: string): number[] =>
  (documented.get(what) ?? []).map((cell) => Number.parseFloat(cell.replaceAll(',', '')));

let stage: Synthesized;
let real: RealDeps;
let rig: ChangeRig;
/** The units that DynamoDB would bill for what was asked since it was emptied: of items below 1 KB, and empty queries of an index. */
let units = { read: 0, write: 0 };
beforeAll(async () => {
  stage = await synthesized(sampleStage({ stage: 'prod', alarmEmail: 'ops@sample.test' }));
  real = await startDeps({ settings: { sources: sampleSources } });
  rig = new ChangeRig(real);
  real.table.client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        const { ConsistentRead, TransactItems } = args.input as { ConsistentRead?: boolean; TransactItems?: object[] };
        if (TransactItems) units.write += 2 * TransactItems.length;
        else if (/^(Get|Query|Scan)/.test(commandName ?? '')) units.read += ConsistentRead ? 1 : 0.5;
        else units.write += 1;
        return next(args);
      },
    { step: 'initialize' },
  );
});
afterAll(() => real.close());

describe('the table of what it costs when nobody comes', () => {
  it('counts what stands in the template', () => {
    const looked = ofType(stage, 'AWS::CloudWatch::Alarm').map(({ Properties }) => {
      const parts = Properties['Metrics'] as { MetricStat?: object }[] | undefined;
      return parts?.filter(({ MetricStat }) => MetricStat).length ?? 1;
    });
    expect(numbersOf('metrics that alarms look at')[0]).toBe(looked.reduce((sum, one) => sum + one, 0));
    expect(numbersOf('dashboard')[0]).toBe(ofType(stage, 'AWS::CloudWatch::Dashboard').length);
    expect(numbersOf('secrets')[0]).toBe(ofType(stage, 'AWS::SecretsManager::Secret').length);
    const every: Record<string, number> = { 'rate(1 minute)': 1, 'rate(1 hour)': 60 };
    const calls = ofType(stage, 'AWS::Scheduler::Schedule')
      .map(({ Properties }) => MINUTES_A_MONTH / every[String(Properties['ScheduleExpression'])]!)
      .reduce((sum, one) => sum + one, 0);
    expect(numbersOf('calls by schedules (sweeps and audits)')[0]).toBe(calls);
    expect(numbersOf('their time, for every 100 ms of 512 MB')[0]).toBe(calls * 0.1 * 0.5);
  });

  it('counts the reads and metrics of a sweep and an audit that find nothing to do', async () => {
    units = { read: 0, write: 0 };
    await rig.sync({ sweep: true });
    expect(numbersOf('reads of the sweeps of `sync`')[0]).toBe(units.read * MINUTES_A_MONTH);
    expect(units.write).toBe(0);
    await rig.sync({ audit: true });
    const written = new Set(real.lines.flatMap((line) => /"Metrics":\[\{"Name":"(\w+)"/.exec(line)?.[1] ?? []));
    expect(numbersOf('custom metrics written at rest')[0]).toBe(written.size);
  });

  it('adds up', () => {
    const rows = [...documented].filter(([, cells]) => /each|million/.test(cells[1] ?? ''));
    const amounts = rows.map(([what, cells]) => {
      const [number = 0, price = 0, amount = 0] = numbersOf(what);
      expect(amount, what).toBeCloseTo((number * price) / (cells[1]?.includes('million') ? 1e6 : 1), 2);
      return amount;
    });
    expect(numbersOf('together').at(-1)).toBeCloseTo(
      amounts.reduce((sum, one) => sum + one, 0),
      1,
    );
  });
});

describe('the table of what a million cost', () => {
  it('counts a webhook', async () => {
    units = { read: 0, write: 0 };
    expect((await rig.webhook(event('created', 'sample', 1, { name: 'Sample' }))).status).toBe(202);
    expect(numbersOf('a webhook is taken').slice(2)).toEqual([units.read, units.write]);
  });
});
