import { describe, expect, it } from 'vitest';
import { type Asked, asked, atIn, dayMs, groupName, minuteMs, scheduledAts, useScheduler } from './scheduler-bench.ts';

const bench = useScheduler();

describe('the scheduler', () => {
  it('shows a schedule as it was made, with the defaults of what was left out', async () => {
    const { ScheduleArn } = await bench.create({
      ScheduleExpression: 'cron(0 9 ? * MON *)',
      ScheduleExpressionTimezone: 'Asia/Taipei',
      EndDate: new Date('2099-12-31T00:00:00Z'),
      ActionAfterCompletion: 'DELETE',
    });
    const shown = await bench.get();
    expect(shown).toMatchObject({
      Arn: ScheduleArn,
      Name: 'one',
      GroupName: groupName,
      ScheduleExpression: 'cron(0 9 ? * MON *)',
      ScheduleExpressionTimezone: 'Asia/Taipei',
      EndDate: new Date('2099-12-31T00:00:00Z'),
      ActionAfterCompletion: 'DELETE',
      State: 'ENABLED',
      Target: {
        ...asked().Target,
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    });
    expect(shown.StartDate).toBeUndefined();
    expect(shown.CreationDate).toEqual(shown.LastModificationDate);
    expect(Math.abs((shown.CreationDate?.getTime() ?? 0) - Date.now())).toBeLessThan(10_000);
  });

  it('fires an at once, with the scheduled time in the input', async () => {
    const { expression, scheduledAt } = atIn(bench, 10 * minuteMs);
    await bench.create({ ScheduleExpression: expression });
    await bench.clock.advance(9 * minuteMs);
    expect(bench.events).toEqual([]);
    await bench.clock.advance(2 * dayMs);
    expect(bench.events).toEqual([{ broadcastId: 'b', scheduledAt }]);
  });

  it('fires a cron at each of its times', async () => {
    await bench.create({ ScheduleExpression: 'cron(0 9 * * ? *)', ScheduleExpressionTimezone: 'Asia/Taipei' });
    await bench.clock.advance(3 * dayMs);
    expect(scheduledAts(bench)).toHaveLength(3);
    expect(scheduledAts(bench).every((at) => at.endsWith('T01:00:00Z'))).toBe(true);
  });

  it('fires a rate without a start at once, and then at its pace', async () => {
    await bench.create({ ScheduleExpression: 'rate(10 minutes)' });
    await bench.clock.advance(0);
    expect(bench.events).toHaveLength(1);
    await bench.clock.advance(20 * minuteMs);
    const [first = '', second = '', third = ''] = scheduledAts(bench);
    expect([Date.parse(second) - Date.parse(first), Date.parse(third) - Date.parse(second)]).toEqual([
      10 * minuteMs,
      10 * minuteMs,
    ]);
  });

  it('keeps a rate between its start and its end', async () => {
    const startMs = Math.floor(bench.clock.now().getTime() / 1000) * 1000 + 60 * minuteMs;
    const bounds = { StartDate: new Date(startMs), EndDate: new Date(startMs + 25 * minuteMs) };
    await bench.create({ ScheduleExpression: 'rate(10 minutes)', ...bounds });
    await bench.clock.advance(dayMs);
    expect(scheduledAts(bench).map((at) => (Date.parse(at) - startMs) / minuteMs)).toEqual([0, 10, 20]);
  });

  it('keeps a schedule that is over, unless it is to be deleted', async () => {
    const { expression } = atIn(bench, minuteMs);
    await bench.create({ Name: 'kept', ScheduleExpression: expression });
    await bench.create({ Name: 'deleted', ScheduleExpression: expression, ActionAfterCompletion: 'DELETE' });
    await bench.clock.advance(2 * minuteMs);
    expect(bench.events).toHaveLength(2);
    expect((await bench.get('kept')).State).toBe('ENABLED');
    await expect(bench.get('deleted')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('deletes a recurring schedule after its last time', async () => {
    const EndDate = new Date(bench.clock.now().getTime() + 15 * minuteMs);
    await bench.create({ ScheduleExpression: 'rate(10 minutes)', EndDate, ActionAfterCompletion: 'DELETE' });
    await bench.clock.advance(5 * minuteMs);
    expect((await bench.get()).Name).toBe('one');
    await bench.clock.advance(10 * minuteMs);
    expect(bench.events).toHaveLength(2);
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('fires nothing of a schedule that is disabled, and goes on when it is enabled', async () => {
    const { expression, scheduledAt } = atIn(bench, 10 * minuteMs);
    await bench.create({ ScheduleExpression: expression, State: 'DISABLED' });
    await bench.clock.advance(20 * minuteMs);
    expect(bench.events).toEqual([]);
    await bench.update({ ScheduleExpression: expression });
    await bench.clock.advance(0);
    expect(scheduledAts(bench)).toEqual([scheduledAt]);
  });

  it('fires by the new times alone after an update', async () => {
    const second = atIn(bench, 20 * minuteMs);
    await bench.create({ ScheduleExpression: atIn(bench, 10 * minuteMs).expression, Description: 'first' });
    await bench.update({ ScheduleExpression: second.expression });
    await bench.clock.advance(30 * minuteMs);
    expect(scheduledAts(bench)).toEqual([second.scheduledAt]);
    expect((await bench.get()).Description).toBeUndefined();
  });

  it('does not fire an at again that is updated without another time', async () => {
    const { expression } = atIn(bench, minuteMs);
    await bench.create({ ScheduleExpression: expression });
    await bench.clock.advance(2 * minuteMs);
    await bench.update({ ScheduleExpression: expression, Description: 'other' });
    await bench.clock.advance(minuteMs);
    expect(bench.events).toHaveLength(1);
  });

  it('fires nothing of a schedule that is deleted', async () => {
    await bench.create({ ScheduleExpression: atIn(bench, minuteMs).expression });
    await bench.remove();
    await bench.clock.advance(dayMs);
    expect(bench.events).toEqual([]);
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('fires at once what the clock was moved past before it was made', async () => {
    await bench.clock.advance(2 * dayMs);
    const second = new Date(Date.now() + 10 * minuteMs).toISOString().slice(0, 19);
    await bench.create({ Name: 'at', ScheduleExpression: `at(${second})` });
    await bench.create({
      Name: 'rate',
      ScheduleExpression: 'rate(7 days)',
      StartDate: new Date(Date.now() - minuteMs),
    });
    await bench.clock.advance(0);
    expect(scheduledAts(bench)).toEqual([`${second}Z`]);
    await bench.clock.advance(6 * dayMs);
    expect(bench.events).toHaveLength(2);
  });

  it('lets the function that it calls delete its schedule', async () => {
    await bench.create({ ScheduleExpression: atIn(bench, minuteMs).expression });
    bench.during = () => bench.remove();
    await bench.clock.advance(2 * minuteMs);
    expect(bench.events).toHaveLength(1);
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('lets the function that it calls give its schedule another time', async () => {
    const [first, second] = [atIn(bench, minuteMs), atIn(bench, 5 * minuteMs)];
    await bench.create({ ScheduleExpression: first.expression, ActionAfterCompletion: 'DELETE' });
    bench.during = async () => {
      if (bench.events.length === 1) await bench.update({ ScheduleExpression: second.expression });
    };
    await bench.clock.advance(2 * minuteMs);
    await bench.clock.advance(5 * minuteMs);
    expect(scheduledAts(bench)).toEqual([first.scheduledAt, second.scheduledAt]);
  });

  it('makes up for an at that passed, for as long as its retry policy says', async () => {
    const RetryPolicy = { MaximumEventAgeInSeconds: 3600 };
    const target = { ...asked().Target, RetryPolicy } as Asked['Target'];
    const late = atIn(bench, -50 * minuteMs);
    await bench.create({ Name: 'late', ScheduleExpression: late.expression, Target: target });
    await bench.create({
      Name: 'too-late',
      ScheduleExpression: atIn(bench, -70 * minuteMs).expression,
      Target: target,
    });
    await bench.clock.advance(dayMs);
    expect(scheduledAts(bench)).toEqual([late.scheduledAt]);
  });
});
