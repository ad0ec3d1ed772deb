/** Exactly one token, of three parts: of two, joined by a comma as headers are, the gateway might verify the one and we read the other. */
const oneToken = /^(?:Bearer +)?[\w-]+\.([\w-]+)\.[\w-]+$/i;

/** What the one token of an Authorization header says, as it was signed; `undefined` where there is not exactly one. */
export function payloadOf(authorization = ''): Buffer | undefined {
  const payload = oneToken.exec(authorization)?.[1];
  return payload === undefined ? undefined : Buffer.from(payload, 'base64url');
}
