import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../functions/io/clock.ts';

it('the time of deadlines passes while the process is frozen as well, and never goes back', () => {
  const before = systemClock.elapsed();
  const hour = 3_600_000;
  onTestFinished(() => void vi.useRealTimers());
  // The monotonic clock stands for a frozen process, and the wall clock does not.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hour });
  const after = systemClock.elapsed();
  expect(after - before).toBeGreaterThanOrEqual(hour - 1);
  vi.setSystemTime(0);
  expect(systemClock.elapsed()).toBeGreaterThanOrEqual(after);
});
