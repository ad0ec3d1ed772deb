import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../local/runner/streams/event-pattern.ts';

const record = {
  eventName: 'MODIFY',
  dynamodb: {
    NewImage: { pk: { S: 'user#sample' }, life: { S: 'active' } },
  },
};

describe('a filter pattern', () => {
  it.each<[object, boolean]>([
    [{ eventName: ['INSERT', 'MODIFY'] }, true],
    [{ eventName: ['REMOVE'] }, false],
    [{ eventName: ['MODIFY'], dynamodb: { NewImage: { life: { S: ['deleted'] } } } }, false],
    [{ eventName: ['MODIFY'], dynamodb: { NewImage: { life: { S: ['active'] } } } }, true],
    [{ dynamodb: { NewImage: { pk: { S: [{ prefix: 'user#' }] } } } }, true],
    [{ dynamodb: { NewImage: { pk: { S: [{ prefix: 'visitor#' }, 'user#sample'] } } } }, true],
    [{ dynamodb: { NewImage: { pk: { S: [{ prefix: 'visitor#' }] } } } }, false],
    [{ dynamodb: { OldImage: { pk: { S: [{ prefix: '' }] } } } }, false],
  ])('%j fits the record: %s', (pattern, fits) => {
    expect(compilePattern(pattern, 'Pattern')(record)).toBe(fits);
  });

  it.each<[unknown, RegExp]>([
    [{ eventName: 'MODIFY' }, /Pattern\.eventName: expected/],
    [{ eventName: [{ wildcard: 'MOD*' }] }, /Pattern\.eventName\[0\]: the runner does not know .*wildcard/],
    [{ eventName: [{ prefix: 'a', suffix: 'b' }] }, /does not know/],
    [{ eventName: [5] }, /does not know 5/],
  ])('%j is refused before any record comes', (pattern, message) => {
    expect(() => compilePattern(pattern, 'Pattern')).toThrow(message);
  });
});
