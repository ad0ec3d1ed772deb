const UNITS_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** The ms of a rate such as `7 days`. A day has 24 hours ("Daylight savings time on EventBridge Scheduler"). */
export function rateMs(rate: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,6}) (minute|hour|day)s?$/.exec(rate) ?? [];
  return count === undefined ? undefined : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
