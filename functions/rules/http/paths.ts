/** Every address of the API; `{…}` stands for one segment. Which method each takes, the gateway decides. */
export const paths = [
  '/contact-bridge.js',
  '/v1/health',
  '/v1/openapi.json',
  '/v1/identity',
  '/v1/visitors',
  '/v1/users/{userId}',
  '/v1/users/{userId}/conversations',
  '/v1/users/{userId}/conversations/latest',
  '/v1/webhooks/{source}',
  '/v1/broadcasts',
  '/v1/broadcasts/preview',
  '/v1/broadcasts/{broadcastId}',
  '/v1/broadcasts/{broadcastId}/recipients',
  '/v1/broadcasts/{broadcastId}/cancel',
];

const known = new RegExp(
  `^(${paths.map((path) => path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')).join('|')})$`,
);

/** Whether there is anything at this address, whatever the method. */
export const isKnownPath = (path: string): boolean => known.test(path);
