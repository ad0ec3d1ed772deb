import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
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

/**
 * A call that failed is not repeated: the next one does the same work. One that found no free place in the job's concurrency
 * waits for it this long, and then makes way for the next one (60 s is the least that Lambda takes).
 */
const waitsAtMost = Duration.seconds(60);

/** What Lambda does with a call that nobody waits for, when it fails or finds no free place. A function has one answer for all callers. */
export interface Patience {
  /** At most two. */
  readonly retryAttempts: number;
  /** From one minute to six hours. */
  readonly maxEventAge: Duration;
}

/**
 * Calls one job by EventBridge Scheduler, each schedule with an event of its own. Only these schedules may use their role. Who else
 * calls the job without waiting, and does not come again by itself, asks for more patience than they need. Answers their group.
 */
export function addSchedules(
  job: Job,
  schedules: Readonly<Record<string, Schedule>>,
  patience: Patience = { retryAttempts: 0, maxEventAge: waitsAtMost },
): CfnScheduleGroup {
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
  return group;
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
