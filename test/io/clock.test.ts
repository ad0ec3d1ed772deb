import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../functions/io/clock.ts';

it('the time of deadlines passes while the process is frozen as well, and never goes back', () => {
  const [hour, years] = [3_600_000, 315_360_000_000];
  onTestFinished(() => void vi.useRealTimers());
  // The monotonic clock stands for a frozen process, and the wall clock does not; it lies beyond whatever was seen of it in this process.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + years });
  const before = systemClock.elapsed();
  vi.setSystemTime(Date.now() + hour);
  const after = systemClock.elapsed();
  expect(after - before).toBeGreaterThanOrEqual(hour);
  vi.setSystemTime(0);
  expect(systemClock.elapsed()).toBeGreaterThanOrEqual(after);
});
