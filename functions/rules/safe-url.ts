/** The names of this machine, as a URL has them. */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * True for an address whose content nobody on the way can change: https, or http on loopback. Its host must stand behind `//`, because
 * only some readers forgive `https:host`, and nothing may stand before the host: a password would be shown wherever the address is.
 */
export function isSafeUrl(text: string): boolean {
  const url = /^https?:\/\/[^/\\]/i.test(text) ? URL.parse(text) : null;
  if (!url || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || LOOPBACK_HOSTS.includes(url.hostname);
}

/** True for such an address that is scheme, host and port, and nothing after them, in the one form that browsers send. */
export const isSafeOrigin = (text: string): boolean =>
  // A parser takes a star as a letter of the host, and no browser ever sends one.
  isSafeUrl(text) && !text.includes('*') && URL.parse(text)?.origin === text;
