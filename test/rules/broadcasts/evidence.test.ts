import { describe, expect, it } from 'vitest';
import { isSentMessage, mayHoldMessage, reachesBack } from '../../../functions/rules/broadcasts/evidence.ts';

const claimedAtMs = 1_000_000;
const claim = { at: claimedAtMs, until: claimedAtMs + 135_000 };
const skewMs = 60_000;
const message = { id: 'message-1', type: 'outgoing', content: 'A sample message', createdAtMs: claimedAtMs };
const isSent = (changes: object) => isSentMessage({ ...message, ...changes }, 'A sample message', claim);

describe('the message of a claim', () => {
  it.each<[string, object, boolean]>([
    ['says the same after the claim', {}, true],
    ['says the same by a clock that is a minute behind', { createdAtMs: claimedAtMs - skewMs }, true],
    ['differs by outer white space alone', { content: ' A sample message\n' }, true],
    ['is of a type that MaiAgent does not document', { type: 'broadcast' }, true],
    ['is older than the claim', { createdAtMs: claimedAtMs - skewMs - 1 }, false],
    ['is as late as its request may be', { createdAtMs: claim.until + skewMs }, true],
    ['is later than its request can be', { createdAtMs: claim.until + skewMs + 1 }, false],
    ['was written by the recipient', { type: 'incoming' }, false],
    ['says something else', { content: 'A sample message!' }, false],
    ['says something else at no time', { createdAtMs: undefined, content: 'Another' }, false],
  ])('where it %s: %j', (_, changes, expected) => {
    expect(isSent(changes)).toBe(expected);
  });

  it('is unclear where nobody says when it was written', () => {
    expect(isSent({ createdAtMs: undefined })).toBe('unclear');
  });

  it('is the same where the ends of its lines were changed on the way', () => {
    expect(isSentMessage({ ...message, content: 'One\nTwo' }, 'One\r\nTwo', claim)).toBe(true);
  });
});

describe('a conversation', () => {
  it.each<[string, Parameters<typeof mayHoldMessage>[0], boolean]>([
    ['something was said since', { lastMessage: message }, true],
    ['nobody says when something was said last', { lastMessage: { ...message, createdAtMs: undefined } }, true],
    ['nobody says what was said last', { lastMessage: undefined }, true],
    ['it was silent since', { lastMessage: { ...message, createdAtMs: claimedAtMs - skewMs - 1 } }, false],
  ])('may hold it or not where %s', (_, conversation, expected) => {
    expect(mayHoldMessage(conversation, claim)).toBe(expected);
  });
});

describe('messages, page by page', () => {
  const at = (...times: (number | undefined)[]) => times.map((createdAtMs) => ({ ...message, createdAtMs }));
  const before = claimedAtMs - skewMs - 1;

  it.each<[string, (number | undefined)[], boolean]>([
    ['newest first and the last is older', [claimedAtMs, before], true],
    ['oldest first', [before, claimedAtMs], false],
    ['in no order, with an older one last', [claimedAtMs, claimedAtMs + 1, before], false],
    ['newest first and none is older', [claimedAtMs + 1, claimedAtMs], false],
    ['without a time', [claimedAtMs, undefined], false],
    ['none at all', [], false],
  ])('reach back before the claim or not where they are %s', (_, times, expected) => {
    expect(reachesBack(at(...times), claim)).toBe(expected);
  });
});
