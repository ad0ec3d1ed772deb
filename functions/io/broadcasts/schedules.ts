import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  ResourceNotFoundException,
  ValidationException,
  type SchedulerClient,
} from '@aws-sdk/client-scheduler';

/** The arguments of EventBridge Scheduler's CreateSchedule. */
export interface ScheduleRequest {
  /** The schedule's name in its group. */
  readonly name: string;
  /** `at(…)`, `cron(…)` or `rate(…)`. */
  readonly expression: string;
  readonly timeZone?: string;
  readonly endMs?: number;
  /** The event for the function. EventBridge Scheduler replaces `<aws.scheduler.scheduled-time>` in it by the scheduled time. */
  readonly input: string;
  /** For how long a call that fails is tried again, in seconds. */
  readonly retryForS: number;
}

/** The schedules of all broadcasts. Both can be repeated without harm. */
export type Schedules = ReturnType<typeof eventBridgeSchedules>;

/** Schedules in one group of EventBridge Scheduler, which call one function by one role. */
export function eventBridgeSchedules(
  client: SchedulerClient,
  { group, roleArn, functionArn }: { readonly group: string; readonly roleArn: string; readonly functionArn: string },
) {
  return {
    /** `refused`: EventBridge Scheduler will never accept this schedule. */
    async make(asked: ScheduleRequest): Promise<'made' | 'refused'> {
      const { name, expression, timeZone, endMs, input, retryForS } = asked;
      const request = new CreateScheduleCommand({
        Name: name,
        GroupName: group,
        ScheduleExpression: expression,
        ScheduleExpressionTimezone: timeZone,
        EndDate: endMs === undefined ? undefined : new Date(endMs),
        FlexibleTimeWindow: { Mode: 'OFF' },
        // The schedule deletes itself after its last firing.
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: functionArn,
          RoleArn: roleArn,
          Input: input,
          RetryPolicy: { MaximumEventAgeInSeconds: retryForS },
        },
      });
      try {
        await client.send(request);
      } catch (error) {
        // A role that was created a moment ago may be refused in the same way, because it is not known everywhere yet.
        if (error instanceof ValidationException && !/role/i.test(error.message)) return 'refused';
        // An earlier attempt created it, and only its acknowledgement was lost: the name is of this edition of this broadcast alone.
        if (!(error instanceof ConflictException)) throw error;
      }
      return 'made';
    },
    async remove(name: string): Promise<void> {
      try {
        await client.send(new DeleteScheduleCommand({ Name: name, GroupName: group }));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}
