import { InvalidArgumentError } from 'commander';

const listedMax = 10_000;
const msIn = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** How the text of an argument or an option is read, by the words of the table of commands. Each throws what commander shows. */
export const takers: Readonly<Record<string, (text: string, before?: unknown) => unknown>> = {
  number: Number,
  /** How many are listed at most. */
  count(text) {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= 1 && number <= listedMax) return number;
    throw new InvalidArgumentError(`Give a number from 1 to ${listedMax}.`);
  },
  /** Back from now, in ms. */
  span(text) {
    const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
    if (Number(count) > 0) return Number(count) * msIn[unit as keyof typeof msIn];
    throw new InvalidArgumentError('Give minutes, hours or days, such as 15m, 24h or 7d.');
  },
  /** Of idempotency. */
  key(text) {
    if (/^[\x20-\x7e]{1,255}$/.test(text) && text.trim() === text) return text;
    throw new InvalidArgumentError('Give 1 to 255 printable ASCII characters.');
  },
  record,
  records: (text, before = []) => [...(before as readonly string[]), record(text)],
};

function record(text: string): string {
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  throw new InvalidArgumentError('Give ids as quarantine list shows them.');
}
