import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { EventInvokeConfigOptions } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule, CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Duration, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Job } from './job.ts';

/** One thing that is done again and again. */
export interface Schedule {
  /** A schedule expression of EventBridge Scheduler. */
  readonly every: `rate(${string})`;
  /** What the job is called with. */
  readonly event: object;
}

/** Failed calls are not repeated: the next does the same work. One without a free place waits so long (the least that Lambda takes). */
const waitsAtMost = Duration.seconds(60);

/** What Lambda does with a call that nobody waits for, when it fails or finds no free place. A function has one answer for all callers. */
type Patience = Required<Pick<EventInvokeConfigOptions, 'retryAttempts' | 'maxEventAge'>>;

/** Calls a job by EventBridge Scheduler, by a role of these schedules alone. Who does not come again by itself asks for more `patience`. */
export function addSchedules(
  job: Job,
  schedules: Readonly<Record<string, Schedule>>,
  patience: Patience = { retryAttempts: 0, maxEventAge: waitsAtMost },
): void {
  const { scope } = job;
  job.function.configureAsyncInvoke(patience);
  const group = new CfnScheduleGroup(scope, 'Schedules', { name: job.function.functionName });
  const role = roleOfGroup(scope, 'SchedulesRole', group);
  role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [job.function.functionArn] }));
  for (const [name, { every, event }] of Object.entries(schedules)) {
    const schedule = new CfnSchedule(scope, name, {
      groupName: group.ref,
      scheduleExpression: every,
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: job.function.functionArn,
        roleArn: role.roleArn,
        input: JSON.stringify(event),
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: waitsAtMost.toSeconds() },
      },
    });
    // Scheduler checks the role when the schedule is made, so its permission has to be there.
    schedule.node.addDependency(role);
  }
}

/** A role for the schedules of this group and no others; what it may do is up to the caller. */
export function roleOfGroup(scope: Construct, id: string, group: CfnScheduleGroup): Role {
  return new Role(scope, id, {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      // Scheduler serves every account: without these two, somebody else's schedule could borrow the role.
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account, 'aws:SourceArn': group.attrArn } },
    }),
  });
}
