const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * True for an address whose content nobody on the way can change: https, or http on loopback. Its host must stand behind `//`, because
 * only some readers forgive `https:host`, and nothing may stand before the host: a password would be shown wherever the address is.
 */
export function isSafeUrl(text: string): boolean {
  const url = /^https?:\/\/[^/\\]/i.test(text) ? URL.parse(text) : null;
  if (!url || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || LOOPBACK.has(url.hostname);
}
