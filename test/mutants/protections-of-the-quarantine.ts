import { protection, type Protection } from './protection.ts';

/** What keeps a proven event from being lost on its way through the quarantine, and strangers from making it expensive. */
export const protectionsOfTheQuarantine: readonly Protection[] = [
  protection(
    'quarantine/two-contents-one-record',
    'Two events under one id are two records (8, 16).',
    'rules/sources/kept-delivery.ts',
    'JSON.stringify([source, eventId, contentHash])',
    'JSON.stringify([source, eventId])',
  ),
  protection(
    'quarantine/unapplied-is-closed',
    'A redrive takes out nothing that it has not applied (8, 16).',
    'changes/redrive.ts',
    'return explain(item, [idIsTaken], deps);',
    "return close(item, 'repeated', deps);",
  ),
  protection(
    'quarantine/contents-left-behind',
    'What has left the quarantine leaves none of its contents there (13, 16).',
    'io/aws/quarantine.ts',
    "remove: ['record'],",
    '',
  ),
  protection(
    'quarantine/discarded-without-a-reason',
    'A person who discards a record says why (16).',
    'changes/discard.ts',
    "if (reason === '' || reason.length > WHY_LENGTH_MAX)",
    'if (reason.length > WHY_LENGTH_MAX)',
  ),
  protection(
    'webhook/keys-fetched-for-strangers',
    'The public keys of a realm are fetched for nobody who has not written a token for exactly this body (12).',
    'rules/sources/source.ts',
    ' || !mayBeBearer(source.proof, delivery))',
    ')',
  ),
  protection(
    'webhook/failed-fetch-forgotten',
    'An issuer that does not answer is asked once in a while, and not for each delivery (12, 15).',
    'io/public-keys.ts',
    'else entry.failedUntil = clock.elapsed() + FAILED_MS;',
    '',
  ),
  protection(
    'webhook/guessable-secret',
    'The hash of a common word is no secret (12).',
    'rules/sources/secret.ts',
    'guessable.has(text) || guessable.has(text.toLowerCase()) || isSequence(key);',
    'isSequence(key);',
  ),
  protection(
    'door/version-that-nothing-follows',
    'A deletion by a number that nothing can follow is not taken (6).',
    'rules/contacts/version.ts',
    "return sequence < SEQUENCE_LIMIT ? encode('s', sequence) : undefined;",
    "return encode('s', sequence);",
  ),
];
