import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { startScheduler } from '../../local/runner/scheduler/endpoint.ts';
import { atIn, dayMs, functionArn, groupName, minuteMs, scheduledAts, useScheduler } from './scheduler-bench.ts';

const bench = useScheduler();

describe('the scheduler after a restart', () => {
  it('knows its schedules, and fires them', async () => {
    const { expression, scheduledAt } = atIn(bench, 10 * minuteMs);
    await bench.create({ ScheduleExpression: expression });
    const before = await bench.get();
    await bench.restart();
    expect(await bench.get()).toMatchObject({ CreationDate: before.CreationDate, ScheduleExpression: expression });
    await bench.clock.advance(11 * minuteMs);
    expect(scheduledAts(bench)).toEqual([scheduledAt]);
  });

  it('fires an at that it missed, once', async () => {
    // The time is there as soon as the schedule, and the call is lost with the runner.
    const { expression, scheduledAt } = atIn(bench, -1_000);
    bench.losing = 1;
    await bench.create({ ScheduleExpression: expression });
    await bench.clock.advance(0);
    expect([bench.events, bench.losing]).toEqual([[], 0]);
    await bench.restart();
    await bench.clock.advance(0);
    await bench.restart();
    await bench.clock.advance(dayMs);
    expect(scheduledAts(bench)).toEqual([scheduledAt]);
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('does not fire an at again that has fired', async () => {
    await bench.create({ ScheduleExpression: atIn(bench, -1_000).expression });
    await bench.clock.advance(0);
    await bench.restart();
    await bench.clock.advance(dayMs);
    expect(bench.events).toHaveLength(1);
  });

  it('goes on with a rate in its old step, without what it missed', async () => {
    await bench.create({ ScheduleExpression: 'rate(10 minutes)' });
    await bench.clock.advance(0);
    // As if the runner had been away for half an hour.
    const file = path.join(bench.folder, '_schedules.json');
    const past = (atMs: string) => String(Number(atMs) - 35 * minuteMs);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/(?<=AtMs":)\d+/g, past));
    await bench.restart();
    await bench.clock.advance(4 * minuteMs);
    expect(bench.events).toHaveLength(1);
    await bench.clock.advance(2 * minuteMs);
    const [first = '', second = ''] = scheduledAts(bench);
    expect(bench.events).toHaveLength(2);
    expect(Date.parse(second) - Date.parse(first)).toBe(5 * minuteMs);
  });

  it('has forgotten what was deleted', async () => {
    await bench.create();
    await bench.remove();
    await bench.restart();
    await expect(bench.get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('has forgotten the schedules of a group that the stack has no more', async () => {
    await bench.create({ ScheduleExpression: atIn(bench, minuteMs).expression });
    const file = path.join(bench.folder, '_schedules.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(groupName, 'gone'));
    await bench.restart();
    await bench.clock.advance(5 * minuteMs);
    expect(bench.events).toEqual([]);
  });

  it('does not start over a file that it cannot read', async () => {
    const file = path.join(bench.folder, '_schedules.json');
    writeFileSync(file, '{"schedules":[{"name":"one"}]}');
    const { clock } = bench;
    const started = startScheduler({ file, groups: [groupName], functionArns: [functionArn], clock, key: 'LOCALKEY' });
    await expect(started).rejects.toThrow(/cannot be read: remove the data folder/);
  });
});
