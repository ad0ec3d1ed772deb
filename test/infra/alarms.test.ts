import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { sampleStage } from './sample-stage.ts';
import { ofType, readable, synthesized, type Synthesized } from './synthesized.ts';

const streamArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/Users/stream/2026-01-01T00:00:00.000';

let quiet: Synthesized;
let told: Synthesized;

beforeAll(async () => {
  quiet = await synthesized(sampleStage());
  told = await synthesized(
    sampleStage({
      stage: 'prod',
      alarmEmail: 'ops@sample.test',
      sources: [{ kind: 'table', name: 'users', streamArn }],
    }),
  );
});

type Alarm = Readonly<Record<string, unknown>> & { readonly AlarmName: string };

const alarmsOf = (stack: Synthesized) =>
  ofType(stack, 'AWS::CloudWatch::Alarm').map(({ Properties }) => readable(Properties) as Alarm);

function alarm(stack: Synthesized, name: string): Alarm {
  return alarmsOf(stack).find(({ AlarmName }) => AlarmName.endsWith(`-${name}`))!;
}

/** The one metric of an alarm that is no sum. */
function metricOf(stack: Synthesized, name: string): unknown {
  const [first] = alarm(stack, name)['Metrics'] as { MetricStat: { Metric: object } }[];
  const { Metric, ...rest } = first!.MetricStat;
  return { ...Metric, ...rest };
}

const names = [
  'ApiFailures',
  'identify-crashes',
  'user-changed-crashes',
  'sync-crashes',
  'manage-crashes',
  'broadcast-crashes',
  'SyncThrottled',
  'identify-throttled',
  'user-changed-throttled',
  'manage-throttled',
  'broadcast-throttled',
  'CallsDropped',
  'ScheduleTargets',
  'sync-behind',
  'broadcast-behind',
  'OldestDue',
  'EvaluationStalled',
  'SettingsOutdated',
  'ConflictingRepeats',
  'Quarantined',
  'Stuck',
  'ReadsOverdue',
  'FullReadHeldUp',
  'AuditNotWhole',
  'Drift',
  'UnknownRecipients',
  'MissedRuns',
  'LateRuns',
  'SchedulesRefused',
  'Conflicts',
  'KeyRefused',
];

describe('the alarms', () => {
  it('are these, whether or not somebody is to be told', () => {
    expect(alarmsOf(quiet).map(({ AlarmName }) => AlarmName)).toHaveLength(names.length);
    expect(new Set(alarmsOf(quiet).map(({ AlarmName }) => AlarmName))).toEqual(
      new Set(names.map((name) => `contact-bridge-dev-${name}`)),
    );
    expect(ofType(quiet, 'AWS::SNS::Topic')).toEqual([]);
    expect(JSON.stringify(alarmsOf(quiet))).not.toContain('AlarmActions');
  });

  it('tell topics of the enterprise by severity, beside the address', async () => {
    const topic = (name: string) => `arn:aws:sns:eu-west-1:123456789012:${name}`;
    const alarmTopics = { urgent: topic('urgent'), later: topic('later') };
    const stack = await synthesized(sampleStage({ alarmTopics, alarmEmail: 'ops@sample.test' }));
    expect(alarm(stack, 'OldestDue')['AlarmActions']).toEqual(['AlarmsTopic', topic('urgent')]);
    // One of the records may disable somebody, who is active until it is read.
    expect(alarm(stack, 'Quarantined')['AlarmActions']).toEqual(['AlarmsTopic', topic('urgent')]);
    expect(alarm(stack, 'Drift')['AlarmActions']).toEqual(['AlarmsTopic', topic('later')]);
  });

  it('watch the stream of each user table too', () => {
    const more = alarmsOf(told)
      .map(({ AlarmName }) => AlarmName.replace('contact-bridge-prod-', ''))
      .filter((name) => !names.includes(name));
    expect(more).toEqual(['user-changed-behind', 'users-given-up']);
  });

  it('tell one address when they go off and when it is over', () => {
    expect(ofType(told, 'AWS::SNS::Subscription').map(({ Properties }) => Properties['Endpoint'])).toEqual([
      'ops@sample.test',
    ]);
    for (const one of alarmsOf(told))
      expect([one['AlarmActions'], one['OKActions']]).toEqual([['AlarmsTopic'], ['AlarmsTopic']]);
  });

  it('reach the address: the topic lets CloudWatch publish, and nobody without TLS', () => {
    const [policy] = ofType(told, 'AWS::SNS::TopicPolicy');
    expect(readable(policy?.Properties['Topics'])).toEqual(['AlarmsTopic']);
    const { Statement } = (policy?.Properties['PolicyDocument'] ?? {}) as { Statement?: object[] };
    expect(readable(Statement)).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: 'AlarmsTopic',
        Condition: { StringEquals: { 'aws:SourceAccount': expect.anything() as unknown } },
      }),
    ]);
  });

  it('go off when a contact has been owed for fifteen minutes, and when no sweep says anything', () => {
    expect(metricOf(quiet, 'OldestDue')).toEqual({
      Namespace: 'ContactBridge',
      MetricName: 'OldestDueSeconds',
      Dimensions: [{ Name: 'function', Value: 'syncJobFunction' }],
      Stat: 'Maximum',
      Period: 300,
    });
    expect(alarm(quiet, 'OldestDue')).toMatchObject({
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 900,
      EvaluationPeriods: 2,
      TreatMissingData: 'breaching',
    });
  });

  it('go off when the evaluation after a deployment has read no page for a quarter of an hour', () => {
    expect(metricOf(quiet, 'EvaluationStalled')).toMatchObject({
      MetricName: 'EvaluationStalled',
      Stat: 'Minimum',
      Period: 300,
    });
    expect(alarm(quiet, 'EvaluationStalled')).toMatchObject({
      Threshold: 0,
      EvaluationPeriods: 3,
      TreatMissingData: 'notBreaching',
    });
  });

  it('go off at the first quarantined record, and stay as they are while nobody counts', () => {
    expect(metricOf(quiet, 'Quarantined')).toMatchObject({ MetricName: 'QuarantinedNow', Stat: 'Maximum' });
    expect(alarm(quiet, 'Quarantined')).toMatchObject({ Threshold: 0, TreatMissingData: 'ignore' });
  });

  it('go off when a function is ten minutes behind a stream', () => {
    expect(alarm(told, 'user-changed-behind')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'IteratorAge',
      Dimensions: [{ Name: 'FunctionName', Value: 'userchangedJobFunction' }],
      Statistic: 'Maximum',
      Threshold: 600_000,
    });
  });

  it('go off at the first record that a stream gave up, kept or lost', () => {
    const { Metrics } = alarm(told, 'users-given-up') as unknown as {
      Metrics: { Expression?: string; MetricStat?: { Metric: object } }[];
    };
    expect(Metrics[0]?.Expression).toMatch(/^SUM\(\[\w+, \w+\]\)$/);
    const Dimensions = [
      {
        Name: 'EventSourceMappingUUID',
        Value: expect.stringMatching(/^userchangedUsers[0-9a-f]{8}Mapping\.Id$/) as unknown,
      },
    ];
    expect(Metrics.slice(1).map(({ MetricStat }) => MetricStat?.Metric)).toEqual([
      { Namespace: 'AWS/Lambda', MetricName: 'OnFailureDestinationDeliveredEventCount', Dimensions },
      { Namespace: 'AWS/Lambda', MetricName: 'DroppedEventCount', Dimensions },
    ]);
  });

  it.each([
    ['the first recipient of whom nobody can tell', 'UnknownRecipients', 'Sum', 1, 'notBreaching'],
    ['the first run whose schedule did not fire', 'MissedRuns', 'Sum', 1, 'notBreaching'],
    ['a run that is late, and where no sweep says whether one is', 'LateRuns', 'Maximum', 2, 'breaching'],
    ['the first schedule that is refused', 'SchedulesRefused', 'Sum', 1, 'notBreaching'],
  ])('go off at %s', (_fact, MetricName, Stat, EvaluationPeriods, TreatMissingData) => {
    expect(metricOf(quiet, MetricName)).toEqual({
      Namespace: 'ContactBridge',
      MetricName,
      Dimensions: [{ Name: 'function', Value: 'broadcastJobFunction' }],
      Stat,
      Period: 300,
    });
    expect(alarm(quiet, MetricName)).toMatchObject({
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods,
      TreatMissingData,
    });
  });

  it('go off when MaiAgent refuses the key of any job', () => {
    expect(JSON.stringify(alarm(quiet, 'KeyRefused')['Metrics'])).toMatch(
      /IdentifyJobFunction.*SyncJobFunction.*BroadcastJobFunction/i,
    );
  });

  it.each([
    ['ApiFailures', ['5xx', 'Count'], 2],
    ['sync-crashes', ['Errors', 'Invocations'], 1],
  ])('go off by the rate of what failed, and not by one failure of many: %s', (name, counted, EvaluationPeriods) => {
    const { Metrics, ...rest } = alarm(quiet, name) as unknown as {
      Metrics: { Expression?: string; MetricStat?: { Metric: { MetricName: string }; Stat: string } }[];
    };
    expect(Metrics[0]?.Expression).toBe('100 * failed / calls');
    expect(Metrics.slice(1).map(({ MetricStat }) => MetricStat?.Metric.MetricName)).toEqual(counted);
    expect(rest).toMatchObject({ Threshold: 1, EvaluationPeriods, ComparisonOperator: 'GreaterThanThreshold' });
  });

  it('say how urgent they are', () => {
    expect(alarm(quiet, 'OldestDue')['AlarmDescription']).toMatch(/^Urgent: /);
    expect(alarm(quiet, 'Drift')['AlarmDescription']).toMatch(/^Can wait until the morning: /);
  });

  it('let a few contacts drift within an hour', () => {
    expect(metricOf(quiet, 'Drift')).toMatchObject({ MetricName: 'DriftFound', Period: 3_600, Stat: 'Sum' });
    expect(alarm(quiet, 'Drift')['Threshold']).toBe(10);
  });

  it('send the reader to a chapter that is there', async () => {
    const operations = await readFile('docs/operations.md', 'utf8');
    for (const { AlarmName, AlarmDescription } of alarmsOf(quiet)) {
      const name = AlarmName.replace('contact-bridge-dev-', '');
      expect(AlarmDescription).toContain(`docs/operations.md, ${name}`);
      expect(operations).toMatch(new RegExp(`^###? .*\`${chapterOf(name)}\``, 'm'));
    }
  });
});

/** Alarms of which there is one for each job or stream share a chapter. */
function chapterOf(name: string): string {
  return name.replace(/^.+-(crashes|behind|given-up|throttled)$/, '*-$1').replace('*', '\\*');
}

describe('the dashboard', () => {
  const page = (stack: Synthesized) => {
    const [dashboard] = ofType(stack, 'AWS::CloudWatch::Dashboard');
    return {
      name: readable(dashboard?.Properties['DashboardName']),
      body: readable(dashboard?.Properties['DashboardBody']),
    };
  };

  it('has the stack’s name and every alarm', () => {
    const { name, body } = page(told);
    const { widgets } = JSON.parse(body as string) as {
      widgets: { type: string; properties: { alarms?: string[] } }[];
    };
    // Dashboards of all regions share their names.
    expect(name).toBe('contact-bridge-prod-AWS::Region');
    expect(widgets.find(({ type }) => type === 'alarm')?.properties.alarms).toHaveLength(alarmsOf(told).length);
  });

  it.each([
    'Count',
    '5xx',
    'Latency',
    'Accepted',
    'Repeated',
    'Ignored',
    'Unproven',
    'ConflictingRepeats',
    'Quarantined',
    'StuckLinks',
    'UsersRead',
    'ReadsFailed',
    'Synced',
    'SyncFailed',
    'OldestDueSeconds',
    'Evaluated',
    'EvaluationChanges',
    'QuarantinedNow',
    'Redriven',
    'Discarded',
    'QuarantineErased',
    'KeyRefused',
    'ContactConflicts',
    'ExtraContacts',
    'ContactsLost',
    'Audited',
    'DriftFound',
    'BroadcastUnanswered',
    'UnknownRecipients',
    'MissedRuns',
    'LateRuns',
    'SchedulesRefused',
    'IteratorAge',
    'OnFailureDestinationDeliveredEventCount',
  ])('shows %s', (metric) => {
    expect(page(told).body).toContain(`"${metric}"`);
  });
});
