/**
 * A token's claims as the function receives them: each one text. Numbers and booleans are written out, a list becomes
 * `[a b]`, an object JSON, and null is left out. (Measured against AWS by others: github.com/floci-io/floci/pull/2011,
 * read 2026-11.) A list of texts with spaces cannot be told apart any more: that is what deployed code has to live with.
 */
export function flattenClaims(claims: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(claims).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, flat(value)]],
    ),
  );
}

function flat(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flat).join(' ')}]`;
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? decimal(value) : JSON.stringify(value);
}

/** JavaScript writes large and small numbers with an exponent; a claim such as `exp` never has one. */
function decimal(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** The scopes that a token grants: `scp`, or else `scope`, as a list or as words. */
export function scopesOf({ scp, scope }: Readonly<Record<string, unknown>>): string[] {
  const granted = scp ?? scope;
  if (Array.isArray(granted)) return granted.filter((one) => typeof one === 'string');
  return typeof granted === 'string' ? granted.split(' ').filter(Boolean) : [];
}
