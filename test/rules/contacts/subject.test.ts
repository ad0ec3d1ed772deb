import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tries } from '../../fuzz/hostile.ts';
import { linkKey, sourceIdOf, subjectUnder, type Subject } from '../../../functions/rules/contacts/subject.ts';
import { userIdSchema } from '../../../functions/rules/id-schemas.ts';

const user = (userId: string): Subject => ({ kind: 'user', userId });
const visitor = (visitorId: string): Subject => ({ kind: 'visitor', visitorId });

/** Ids made of the very pieces that the spelling uses itself, which random text would hardly ever hit. */
const trickyId = fc
  .array(
    fc.constantFrom('~', '_', '2', '20', ' ', '\u00a0', '\u3000', 'bob', 'visitor', 'a0', '~2', '~20_', '~visitor_'),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((pieces) => pieces.join(''));
const anyId = fc.oneof(
  trickyId,
  fc.string({ minLength: 1, unit: 'binary' }).filter((id) => userIdSchema.safeParse(id).success),
);
const subject = fc.oneof(anyId.map(user), fc.uuid().map(visitor));
const generation = fc.oneof(fc.constantFrom(1, 2, 20), fc.integer({ min: 1, max: 1000 }));

describe('sourceIdOf', () => {
  it.each([
    ['bob', 1, 'bob'],
    ['bob', 2, 'bob~2'],
    ['bob~2', 1, 'bob~~2'],
    ['bob~2', 2, 'bob~~2~2'],
    [' bob', 1, '~20_bob'],
    ['~20_bob', 1, '~~20_bob'],
    ['bob ', 20, 'bob~20_~20'],
    ['Bob B', 1, 'Bob B'],
    [' ', 1, '~20_'],
    ['\u3000\u00a0', 1, '~3000_~a0_'],
    ['~visitor_x', 1, '~~visitor_x'],
  ])('spells user "%s" in life %i as %s', (userId, accountStatus, sourceId) => {
    expect(sourceIdOf(user(userId), accountStatus)).toBe(sourceId);
  });

  it('marks a visitor', () => {
    expect(sourceIdOf(visitor('7f'), 1)).toBe('~visitor_7f');
    expect(sourceIdOf(user('~visitor_7f'), 1)).not.toBe('~visitor_7f');
  });

  it('never gives two subjects or two lives the same', () => {
    fc.assert(
      fc.property(subject, generation, subject, generation, (one, accountStatus, two, otherLife) => {
        const isSame = linkKey(one) === linkKey(two) && accountStatus === otherLife;
        expect(sourceIdOf(one, accountStatus) === sourceIdOf(two, otherLife)).toBe(isSame);
      }),
      tries(2_000),
    );
  });

  it("is read back as the subject whose it is, and as nobody where it is nobody's", () => {
    fc.assert(
      fc.property(subject, generation, (one, accountStatus) => {
        expect(subjectUnder(sourceIdOf(one, accountStatus))).toEqual(one);
      }),
      tries(2_000),
    );
    for (const text of ['bob~1', 'bob~02', 'bob~x', '~erased_0e0f6f0a', ' bob', 'bob~20_x'])
      expect(subjectUnder(text)).toBeUndefined();
  });

  it('has no outer white space, which a server might trim', () => {
    fc.assert(
      fc.property(subject, generation, (one, accountStatus) => {
        const sourceId = sourceIdOf(one, accountStatus);
        expect(sourceId.trim()).toBe(sourceId);
        expect(sourceId).not.toBe('');
      }),
      tries(200),
    );
  });
});

describe('linkKey', () => {
  it('is another one for every subject', () => {
    const keys = [user('a'), user('A'), user('visitor#a'), visitor('a'), user('user#a')].map(linkKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('userIdSchema', () => {
  it.each(['a', 'A b', '~', 'é', '名', '𝄞', 'x'.repeat(256), 'https://corp.example/u/1', "'; drop table"])(
    'takes %s',
    (id) => {
      expect(userIdSchema.safeParse(id).data).toBe(id);
    },
  );

  it.each(['', 'x'.repeat(257), 'a\u0000', 'a\nb', '\u007f', '\u0085', '\ud800', 'a\udc00', 7, null, undefined, {}])(
    'refuses %j',
    (id) => {
      expect(userIdSchema.safeParse(id).success).toBe(false);
    },
  );
});
