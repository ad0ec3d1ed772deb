import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { describe, expect, it } from 'vitest';
import { type Asked, functionArn, minuteMs, target, useScheduler } from './scheduler-bench.ts';

const bench = useScheduler();

describe('the scheduler refuses', () => {
  it('a name that is taken', async () => {
    await bench.create();
    await expect(bench.create({ ScheduleExpression: 'rate(2 days)' })).rejects.toMatchObject({
      name: 'ConflictException',
      $metadata: { httpStatusCode: 409 },
    });
    expect((await bench.get()).ScheduleExpression).toBe('rate(1 day)');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['to show', () => bench.get()],
    ['to delete', () => bench.remove()],
  ])('%s what it does not have', async (_, act) => {
    await expect(act()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Schedule one does not exist.',
      $metadata: { httpStatusCode: 404 },
    });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['creates there', () => bench.create({ GroupName: 'other' })],
    ['creates in none', () => bench.create({ GroupName: undefined })],
    ['reads there', () => bench.get('one', 'other')],
  ])('a group that the stack does not have, of one who %s', async (_, act) => {
    await expect(act()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: expect.stringMatching(/^Schedule group (other|default) does not exist\.$/) as string,
    });
  });

  it.each<[string, Partial<Asked>, RegExp]>([
    ['a malformed expression', { ScheduleExpression: 'cron(0 9 * * *)' }, /Invalid Schedule Expression cron/],
    ['a malformed time', { ScheduleExpression: 'at(2027-02-30T00:00:00)' }, /Invalid Schedule Expression at/],
    ['an unknown zone', { ScheduleExpressionTimezone: 'Mars/Base' }, /Invalid Schedule Expression Timezone Mars/],
    ['a name with a blank', { Name: 'one two' }, /Name/],
    ['a name that is too long', { Name: 'x'.repeat(65) }, /Name/],
    ['no window', { FlexibleTimeWindow: undefined }, /FlexibleTimeWindow/],
    ['a start', { StartDate: new Date(Date.now() + minuteMs) }, /StartDate/],
    ['a state', { State: 'DISABLED' }, /State/],
    ['a schedule that stays when it is over', { ActionAfterCompletion: 'NONE' }, /ActionAfterCompletion/],
    ['an end of the past', { EndDate: new Date(Date.now() - minuteMs) }, /EndDate/],
    ['a target that is no function of the stack', { Target: target({ Arn: `${functionArn}s` }) }, /no function/],
    ['a target without a role', { Target: target({ RoleArn: undefined }) }, /RoleArn/],
    ['a target that is a queue', { Target: target({ SqsParameters: { MessageGroupId: 'g' } }) }, /SqsParameters/],
    [
      'a retry policy out of bounds',
      { Target: target({ RetryPolicy: { MaximumRetryAttempts: 186 } }) },
      /MaximumRetryAttempts/,
    ],
  ])('%s', async (_, more, message) => {
    await expect(bench.create(more)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message) as string,
      $metadata: { httpStatusCode: 400 },
    });
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('a request that is no JSON, or too long', async () => {
    const headers = { authorization: 'Bearer LOCALKEY' };
    const post = (body: string) => fetch(`${bench.endpoint.url}/schedules/one`, { method: 'POST', headers, body });
    expect((await post('{')).status).toBe(400);
    expect((await post('x'.repeat(400_000))).status).toBe(400);
  });

  it('every other operation', async () => {
    await expect(bench.client.send(new ListSchedulesCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
    });
  });
});
