import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Stack } from 'aws-cdk-lib/core';
import type { MetricName } from '../functions/rules/metrics.ts';
import type { Job } from './job.ts';
import { apiMetric, givenUp, jobMetric, mappingsOf, period } from './metrics.ts';

/** What a person looks after: the parts of a stack that alarms and dashboard speak of. */
export interface Watched {
  readonly apiId: string;
  readonly identify: Job;
  readonly userChanged: Job;
  readonly sync: Job;
  readonly broadcast: Job;
  readonly scim: Job | undefined;
  readonly jobs: readonly Job[];
}

const wholeWidth = 24;
const columns = 3;
const height = 6;

/** One page, from top to bottom: what is wrong, what comes in, what goes out, and what MaiAgent says to it. */
export function addDashboard(stack: Stack, watched: Watched, alarms: Alarm[]): Dashboard {
  const heading = `# ${stack.stackName}\nWhat each alarm means and what to do: \`docs/operations.md\`. A graph without a line has nothing to tell.`;
  return new Dashboard(stack, 'Dashboard', {
    // Dashboards of all regions share one list: without the region two of them would overwrite each other's.
    dashboardName: `${stack.stackName}-${stack.region}`,
    widgets: [
      [new TextWidget({ markdown: heading, width: wholeWidth, height: 2 })],
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: wholeWidth, height: 4 })],
      incoming(watched),
      outgoing(watched),
      broadcasting(watched),
      atMaiAgent(watched),
      running(watched),
    ],
  });
}

function incoming({ apiId, identify, userChanged }: Watched): IWidget[] {
  return [
    graph(
      'Requests',
      ['Count', '4xx', '5xx'].map((name) => apiMetric(apiId, name)),
    ),
    graph(
      'Time to answer (ms)',
      ['p50', 'p99'].map((statistic) => apiMetric(apiId, 'Latency', statistic)),
    ),
    graph(
      'Changes from the user stores',
      counts(userChanged, ['Accepted', 'Repeated', 'Ignored', 'Unproven', 'ConflictingRepeats', 'Quarantined']),
    ),
    graph('Users read from their stores', counts(userChanged, ['UsersRead', 'ReadsRepeated', 'ReadsFailed'])),
    graph('No permission, because a field is unknown', [
      ...counts(identify, ['UnknownPermissions']),
      ...counts(userChanged, ['UnknownPermissions']),
    ]),
  ];
}

function outgoing({ userChanged, sync: job }: Watched): IWidget[] {
  return [
    graph('Contacts brought up to date', counts(job, ['Synced', 'SyncFailed', 'StuckLinks'])),
    graph('Oldest due (s)', [jobMetric(job, 'OldestDueSeconds', Stats.MAXIMUM)]),
    graph('Contacts evaluated under new settings', counts(job, ['Evaluated', 'EvaluationChanges'])),
    graph('In quarantine', [
      jobMetric(job, 'QuarantinedNow', Stats.MAXIMUM),
      ...counts(userChanged, ['Redriven', 'Discarded']),
      ...counts(job, ['QuarantineErased']),
    ]),
  ];
}

function broadcasting({ broadcast }: Watched): IWidget[] {
  return [
    graph('Calls unanswered, recipients unknown', counts(broadcast, ['BroadcastUnanswered', 'UnknownRecipients'])),
    graph('Runs late, missed', [jobMetric(broadcast, 'LateRuns', Stats.MAXIMUM), ...counts(broadcast, ['MissedRuns'])]),
    graph('Schedules refused', counts(broadcast, ['SchedulesRefused'])),
  ];
}

function atMaiAgent({ identify, sync: job, broadcast }: Watched): IWidget[] {
  const both = (names: readonly MetricName[]) => [...counts(identify, names), ...counts(job, names)];
  return [
    graph('Key refused', [...both(['KeyRefused']), ...counts(broadcast, ['KeyRefused'])]),
    graph('Conflicts', both(['ContactConflicts', 'ExtraContacts', 'ContactsLost'])),
    graph('Audit', counts(job, ['Audited', 'DriftFound'])),
  ];
}

function running({ jobs }: Watched): IWidget[] {
  const reading = jobs.filter((job) => mappingsOf(job).length > 0);
  return [
    graph(
      'Calls',
      jobs.map((one) => one.function.metricInvocations({ period, label: one.name })),
    ),
    graph('Crashes and throttles', [
      ...jobs.map((one) => one.function.metricErrors({ period, label: `${one.name} crashes` })),
      ...jobs.map((one) => one.function.metricThrottles({ period, label: `${one.name} throttles` })),
    ]),
    graph('Streams: behind (ms), given up', [
      ...reading.map((one) =>
        one.function.metric('IteratorAge', { statistic: Stats.MAXIMUM, period, label: `${one.name} behind` }),
      ),
      ...reading.flatMap(mappingsOf).map(givenUp),
    ]),
  ];
}

function counts(job: Job, names: readonly MetricName[]): IMetric[] {
  return names.map((name) => jobMetric(job, name));
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: wholeWidth / columns, height, leftYAxis: { min: 0 } });
}
