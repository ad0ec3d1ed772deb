/** What a route may take: `rate` requests a second on average, `burst` at once. */
export interface Throttling {
  readonly rate: number;
  readonly burst: number;
}

/**
 * A token bucket that starts full. Answers whether one more request may pass at this time (ms of a clock that never goes
 * back). API Gateway promises the same on average only (AWS, "Throttle requests to your HTTP APIs").
 */
export function createThrottle({ rate, burst }: Throttling): (nowMs: number) => boolean {
  let tokens = burst;
  let countedAtMs: number | undefined;
  return (nowMs) => {
    tokens = Math.min(burst, tokens + ((nowMs - (countedAtMs ?? nowMs)) / 1000) * rate);
    countedAtMs = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
