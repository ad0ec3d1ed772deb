import { describe, expect, it } from 'vitest';
import { type Asked, asked, atIn, dayMs, groupName, minuteMs, scheduledAts, useScheduler } from './scheduler-bench.ts';

const bench = useScheduler();

describe('the scheduler', () => {
  it('shows a schedule as it was made, with the defaults of what was left out', async () => {
    const { ScheduleArn } = await bench.create({
      ScheduleExpression: 'cron(0 9 ? * MON *)',
      ScheduleExpressionTimezone: 'Asia/Taipei',
      EndDate: new Date('2099-12-31T00:00:00Z'),
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
      Target: {
        ...asked().Target,
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400 },
      },
    });
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

  it('fires a rate at once, and then at its pace', async () => {
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

  it('deletes a schedule that has fired', async () => {
    await bench.create({ ScheduleExpression: atIn(bench, minuteMs).expression });
    await bench.clock.advance(2 * minuteMs);
    expect(bench.events).toHaveLength(1);
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('deletes a recurring schedule after its last time', async () => {
    const EndDate = new Date(bench.clock.now().getTime() + 15 * minuteMs);
    await bench.create({ ScheduleExpression: 'rate(10 minutes)', EndDate });
    await bench.clock.advance(5 * minuteMs);
    expect((await bench.get()).Name).toBe('one');
    await bench.clock.advance(10 * minuteMs);
    expect(bench.events).toHaveLength(2);
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
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
    await bench.clock.advance(0);
    expect(scheduledAts(bench)).toEqual([`${second}Z`]);
  });

  it('lets the function that it calls delete its schedule', async () => {
    await bench.create({ ScheduleExpression: atIn(bench, minuteMs).expression });
    bench.during = () => bench.remove();
    await bench.clock.advance(2 * minuteMs);
    expect(bench.events).toHaveLength(1);
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('lets the function that it calls make its schedule anew, with another time', async () => {
    const [first, second] = [atIn(bench, minuteMs), atIn(bench, 5 * minuteMs)];
    await bench.create({ ScheduleExpression: first.expression });
    bench.during = async () => {
      if (bench.events.length > 1) return;
      await bench.remove();
      await bench.create({ ScheduleExpression: second.expression });
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
