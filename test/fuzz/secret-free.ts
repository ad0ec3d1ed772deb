import { expect } from 'vitest';

/** The forms in which a text could leave unnoticed: as it is, in base64 of both alphabets, in hexadecimal, and encoded for an address. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
  const escaped = [encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
  return [...new Set([...forms, ...escaped])];
}

/** Fails where the value holds one of the secrets in any of its forms; says which form, and around where. */
export function secretFree(value: unknown, secrets: readonly string[]): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const found = secrets.flatMap(formsOf).filter((form) => text.includes(form));
  expect(found, text.slice(0, 2_000)).toEqual([]);
}
