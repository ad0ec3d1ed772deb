import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Stack, Token, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { JobName } from './bundle.ts';
import type { Job } from './job.ts';
import { roleOfGroup } from './schedules.ts';

/** The group that holds one schedule for each broadcast, made at run time, and the role by which they, and no others, call the job. */
export class BroadcastSchedules extends Construct {
  private readonly name: string;
  private readonly group: CfnScheduleGroup;
  private readonly role: Role;

  constructor(stack: Construct) {
    super(new Construct(stack, 'broadcast' satisfies JobName), 'Broadcasts');
    this.name = `${Stack.of(this).stackName}-broadcasts`;
    this.group = new CfnScheduleGroup(this, 'Group', { name: this.name });
    this.role = roleOfGroup(this, 'Role', this.group);
  }

  /** The variables by which the job finds group and role, and what it may do with them. */
  variables() {
    const everySchedule = { service: 'scheduler', resource: 'schedule', resourceName: `${this.name}/*` };
    const arn = Stack.of(this).formatArn(everySchedule);
    return {
      SCHEDULE_GROUP: {
        value: this.group.ref,
        may: [{ actions: ['scheduler:CreateSchedule', 'scheduler:DeleteSchedule'], arn }],
      },
      SCHEDULE_ROLE_ARN: {
        value: this.role.roleArn,
        may: [
          {
            actions: ['iam:PassRole'],
            arn: this.role.roleArn,
            // Whoever makes a schedule hands it a role; this one may be handed to Scheduler, and to nothing else.
            conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
          },
        ],
      },
    } as const;
  }

  /** Lets the schedules of the group call this job, and accepts that the job may name them as it likes. */
  call(job: Job): void {
    this.role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [job.function.functionArn] }),
    );
    const { partition, region, account } = Stack.of(this);
    const shown = (value: string, name: string) => (Token.isUnresolved(value) ? `<AWS::${name}>` : value);
    const place = `arn:${shown(partition, 'Partition')}:scheduler:${shown(region, 'Region')}:${shown(account, 'AccountId')}:schedule`;
    Validations.of(job.role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${place}/${this.name}/*]`,
      reason: 'A schedule is named after its broadcast, which is not known before; the group holds nothing else.',
    });
  }
}
