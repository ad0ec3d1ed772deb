import { protection, type Protection } from './protection.ts';

/** What makes an event of a user store believed, understood and kept, and nothing else. */
export const protectionsOfWebhooks: readonly Protection[] = [
  protection(
    'webhook/signature-not-compared',
    'A webhook whose signature is wrong changes nothing (12).',
    'rules/sources/signature.ts',
    'return key && { key: fingerprintOf(key), eventId: id };',
    "return { key: '', eventId: id };",
  ),
  protection(
    'webhook/hmac-not-compared',
    'A webhook of Keycloak or WorkOS whose HMAC is wrong changes nothing (12).',
    'rules/sources/signature.ts',
    'return timingSafeEqual(mac.digest(), given);',
    'return mac.digest().length === given.length;',
  ),
  protection(
    'webhook/old-timestamp-taken',
    'A delivery that was signed long ago is not heard again (12).',
    'rules/sources/signature.ts',
    'Math.abs(nowMs - atMs) <= REPLAY_MS_MAX',
    'atMs - nowMs <= REPLAY_MS_MAX',
  ),
  protection(
    'webhook/placeholder-is-a-secret',
    'A secret that is a template’s placeholder proves nothing (12).',
    'rules/sources/secret.ts',
    'return isLong && isVaried && !isGuessable && !template.test(text);',
    'return isLong && isVaried && !isGuessable;',
  ),
  protection(
    'webhook/conflicting-repeat-accepted',
    'An event id that comes again with something else in it is no repetition (8).',
    'io/aws/intake.ts',
    "return known?.['contentHash']?.S === receipt.contentHash ? 'repeated' : 'conflicting';",
    "return 'repeated';",
  ),
  protection(
    'webhook/two-readers-two-events',
    'A value whose key is there twice is not read: another reader would see another event (12).',
    'rules/sources/json.ts',
    "if (keys.has(key) || key === '__proto__')",
    "if (key === '__proto__')",
  ),
  protection(
    'webhook/nested-too-deep',
    'What is nested without end in an event is not read (15).',
    'rules/sources/json.ts',
    'if (isOpening && open.length === DEPTH_MAX) leaveOut(at);',
    'if (sign === undefined) leaveOut(at);',
  ),
  protection(
    'webhook/left-out-is-none',
    'A field that was left out of an event is unknown, and not empty (1).',
    'rules/contacts/read-fields.ts',
    'return Object.hasOwn(record, LEFT_OUT) ? record : undefined;',
    'return undefined;',
  ),
  protection(
    'webhook/ambiguous-is-ignored',
    'An event that may be one of ours is kept (8).',
    'rules/sources/source.ts',
    "return parsed.isAmbiguous && told.kind === 'nothing' ? unreadable(eventId, '', 'has the same key twice') : told;",
    'return told;',
  ),
  protection(
    'webhook/unreadable-is-dropped',
    'A proven event that cannot be understood is kept whole (8).',
    'changes/take-change.ts',
    'return quarantine(proven, event.eventId ?? contentHash, event.flaws, deps);',
    "return 'quarantined';",
  ),
];
