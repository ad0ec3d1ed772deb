import { describe, expect, it } from 'vitest';
import { losesAnything } from '../../functions/rules/losses.ts';
import { queryMetadataOf } from '../../functions/rules/contacts/permissions.ts';
import type { Grant } from '../../functions/rules/permission-rules.ts';

const base = (digit: string) => `c0a80101-0000-4000-8000-0000000000${digit.repeat(2)}`;
const all = (digit: string) => ({ id: base(digit), files: 'all', faqs: 'all' }) as const;
const some = (...digits: string[]) => digits.map(base);
const labels = (digit: string) => ({ operator: 'AND' as const, conditions: [{ label: base(digit) }] });
const loses = (before: Grant, after: Grant) => losesAnything(queryMetadataOf(before), queryMetadataOf(after));

const files = (...digits: string[]): Grant => ({
  knowledgeBases: [{ id: base('1'), files: some(...digits), faqs: 'all' }],
});
const faqs = (...digits: string[]): Grant => ({
  knowledgeBases: [{ id: base('1'), files: 'all', faqs: some(...digits) }],
});
const whole = (...digits: string[]): Grant => ({ knowledgeBases: digits.map(all) });

describe('a change of permissions', () => {
  it.each<[string, boolean, Grant, Grant]>([
    ['the same', false, whole('1'), whole('1')],
    ['the same in another order', false, whole('1', '2'), whole('2', '1')],
    ['one base more', false, whole('1'), whole('1', '2')],
    ['one base less', true, whole('1', '2'), whole('1')],
    ['another base', true, whole('1'), whole('2')],
    ['a file more', false, files('3'), files('3', '4')],
    ['a file less', true, files('3', '4'), files('3')],
    ['all files instead of one', false, files('3'), whole('1')],
    ['one file instead of all', true, whole('1'), files('3')],
    ['an answer less', true, faqs('3', '4'), faqs('4')],
    ['an answer more', false, faqs('4'), faqs('3', '4')],
    ['labels that were not there', true, whole('1'), { ...whole('1'), labels: labels('5') }],
    ['other labels', true, { ...whole('1'), labels: labels('5') }, { ...whole('1'), labels: labels('6') }],
    ['labels that go away', false, { ...whole('1'), labels: labels('5') }, whole('1')],
    [
      'a base less under the same labels',
      true,
      { ...whole('1', '2'), labels: labels('5') },
      { ...whole('1'), labels: labels('5') },
    ],
  ])('to %s: a loss is %s', (_, expected, before, after) => {
    expect(loses(before, after)).toBe(expected);
  });

  it.each([
    undefined,
    null,
    {},
    [],
    'all',
    { knowledge_bases: 'all' },
    { knowledge_bases: [{ knowledge_base_id: base('1') }, { knowledge_base_id: base('1'), faq_ids: [] }] },
    { knowledge_bases: [{}] },
    { knowledge_bases: [null] },
  ])('from or to what cannot be compared (%j) is a loss', (other) => {
    expect(losesAnything(queryMetadataOf(whole('1')), other)).toBe(true);
    expect(losesAnything(other, queryMetadataOf(whole('1')))).toBe(true);
  });
});
