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

/** An origin for the API key: HTTPS, or loopback for a machine of one's own; never a host of `maiagent.com` (old documents name it). */
export const apiOriginRules: readonly (readonly [holds: (text: string) => boolean, otherwise: string])[] = [
  [(text) => URL.parse(text)?.origin === text, 'must be an origin: scheme, host and port, nothing after them'],
  [isSafeUrl, 'must be https, because the API key travels there; plain http is allowed for loopback alone'],
  [
    (text) => !/(^|\.)maiagent\.com\.*$/.test(URL.parse(text)?.hostname ?? ''),
    'is not MaiAgent: the API is at https://api.maiagent.ai',
  ],
];
