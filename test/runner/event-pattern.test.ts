import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../local/runner/streams/event-pattern.ts';

const record = {
  eventName: 'MODIFY',
  dynamodb: {
    NewImage: { pk: { S: 'user#sample' }, dueAt: { N: '42' }, roles: { SS: ['staff', 'lead'] }, life: { S: 'active' } },
  },
};

describe('a filter pattern', () => {
  it.each<[object, boolean]>([
    [{ eventName: ['INSERT', 'MODIFY'] }, true],
    [{ eventName: ['REMOVE'] }, false],
    [{ eventName: ['MODIFY'], dynamodb: { NewImage: { life: { S: ['deleted'] } } } }, false],
    [{ dynamodb: { NewImage: { dueAt: { N: [{ exists: true }] } } } }, true],
    [{ dynamodb: { NewImage: { dueAt: { N: [{ exists: false }] } } } }, false],
    [{ dynamodb: { NewImage: { other: { S: [{ exists: false }] } } } }, true],
    [{ dynamodb: { OldImage: { pk: { S: [{ exists: true }] } } } }, false],
    [{ dynamodb: { NewImage: { pk: { S: [{ prefix: 'user#' }] } } } }, true],
    [{ dynamodb: { NewImage: { pk: { S: [{ prefix: 'visitor#' }] } } } }, false],
    [{ dynamodb: { NewImage: { pk: { S: [{ suffix: 'sample' }] } } } }, true],
    [{ dynamodb: { NewImage: { life: { S: [{ 'anything-but': ['deleted', 'disabled'] }] } } } }, true],
    [{ dynamodb: { NewImage: { life: { S: [{ 'anything-but': 'active' }] } } } }, false],
    [{ dynamodb: { NewImage: { other: { S: [{ 'anything-but': 'active' }] } } } }, false],
    [{ dynamodb: { NewImage: { life: { S: [{ 'anything-but': { prefix: 'act' } }] } } } }, false],
    [{ dynamodb: { NewImage: { life: { S: [{ 'equals-ignore-case': 'ACTIVE' }] } } } }, true],
    [{ dynamodb: { NewImage: { dueAt: { N: [{ numeric: ['>', 41, '<=', 42] }] } } } }, true],
    [{ dynamodb: { NewImage: { dueAt: { N: [{ numeric: ['<', 42] }] } } } }, false],
    [{ dynamodb: { NewImage: { roles: { SS: ['lead'] } } } }, true],
    [{ $or: [{ eventName: ['REMOVE'] }, { dynamodb: { NewImage: { life: { S: ['active'] } } } }] }, true],
    [{ $or: [{ eventName: ['REMOVE'] }, { eventName: ['INSERT'] }] }, false],
  ])('%j fits the record: %s', (pattern, fits) => {
    expect(compilePattern(pattern)(record)).toBe(fits);
  });

  it.each<[unknown, RegExp]>([
    [{ eventName: 'MODIFY' }, /Pattern\.eventName: expected/],
    [{ eventName: [{ wildcard: 'MOD*' }] }, /Pattern\.eventName\[0\]: the runner does not know wildcard/],
    [{ eventName: [{ numeric: ['about', 5] }] }, /numeric about/],
    [{ eventName: [{ prefix: 'a', suffix: 'b' }] }, /one comparison/],
  ])('%j is refused before any record comes', (pattern, message) => {
    expect(() => compilePattern(pattern)).toThrow(message);
  });
});
