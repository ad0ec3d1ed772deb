import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  ResourceNotFoundException,
  ValidationException,
  type SchedulerClient,
} from '@aws-sdk/client-scheduler';

/** What EventBridge Scheduler shall do, in its own words. */
export interface ScheduleRequest {
  /** The schedule's name in its group. */
  readonly name: string;
  /** `at(…)`, `cron(…)` or `rate(…)`. */
  readonly expression: string;
  readonly timeZone?: string;
  readonly endMs?: number;
  /** What the function is called with; `<aws.scheduler.scheduled-time>` in it becomes the time of the firing. */
  readonly input: string;
  /** For how long a call that fails is tried again, in seconds. */
  readonly retryForS: number;
}

/** The schedules of all broadcasts. Both can be repeated without harm. */
export interface Schedules {
  /** `refused`: EventBridge Scheduler does not take this schedule, now or ever. */
  make(request: ScheduleRequest): Promise<'made' | 'refused'>;
  remove(name: string): Promise<void>;
}

/** Schedules in one group of EventBridge Scheduler, which call one function by one role. */
export function eventBridgeSchedules(
  client: SchedulerClient,
  { group, roleArn, functionArn }: { readonly group: string; readonly roleArn: string; readonly functionArn: string },
): Schedules {
  return {
    async make({ name, expression, timeZone, endMs, input, retryForS }) {
      const request = new CreateScheduleCommand({
        Name: name,
        GroupName: group,
        ScheduleExpression: expression,
        ScheduleExpressionTimezone: timeZone,
        EndDate: endMs === undefined ? undefined : new Date(endMs),
        FlexibleTimeWindow: { Mode: 'OFF' },
        // It deletes itself after its last firing, so that nothing is left when a broadcast is over.
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
        // A role that was made a moment ago cannot be assumed everywhere yet, and is refused in the same way.
        if (error instanceof ValidationException && !/role/i.test(error.message)) return 'refused';
        // It was made before, and only its acknowledgement was lost: the name is the broadcast's, which never changes.
        if (!(error instanceof ConflictException)) throw error;
      }
      return 'made';
    },
    async remove(name) {
      try {
        await client.send(new DeleteScheduleCommand({ Name: name, GroupName: group }));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
  };
}
