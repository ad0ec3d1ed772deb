/** A token that looks like the identity provider's; nothing in the browser verifies one. `serial` tells a renewed one from the former. */
export function sampleToken(sub: string, serial = 1): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'RS256' }), part({ iss: 'https://idp.example', sub, serial, name: '見本' }), 'signature'].join(
    '.',
  );
}

/** The contact that a stub API gives to a sample person: the same id for the same text, another one for another. */
export function sampleContact(person: string): string {
  const hex = Buffer.from(person).toString('hex').padEnd(12, '0').slice(0, 12);
  return `00000000-0000-4000-8000-${hex}`;
}
