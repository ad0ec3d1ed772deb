const FIRST_MS = 2_000;
/** Short enough that every link converges within minutes after an outage. */
const LONGEST_MS = 300_000;

/** A random moment before a growing limit ("full jitter"), so that not all return at once, and never before `Retry-After`. `random` is in [0, 1). */
export function retryAtMs(attempts: number, nowMs: number, random: number, retryAfterMs = 0): number {
  const limitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts, 20));
  return nowMs + Math.max(retryAfterMs, Math.ceil(random * limitMs));
}
