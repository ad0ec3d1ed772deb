import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { finderOf } from '../../local/people/texts.ts';

const text = 'Ána "Q" Örtlich';
const find = finderOf([text, 'second']);
const base64 = (value: string | Buffer) => Buffer.from(value).toString('base64');
const forms: Record<string, unknown> = {
  'as it is': { reports: [{ name: `x ${text} y` }] },
  'in other letters': text.toUpperCase().normalize('NFD'),
  'as a name': { [text]: 1 },
  'in a set': new Set([text]),
  'as JSON in a text': JSON.stringify({ a: JSON.stringify([text]) }),
  'in JSON that was cut off': JSON.stringify({ a: text, b: 'cut' }).slice(0, -3),
  'as escapes': String.raw`{"a":"\u00c1na \"Q\" \u00d6rtl`.concat('ich'),
  'in base64': base64(JSON.stringify({ a: text })),
  'in a token': `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ name: text })).toString('base64url')}.`,
  'in base64 in JSON in base64': base64(JSON.stringify({ a: base64(text) })),
  'in percents': `https://corp.example/?name=${encodeURIComponent(text)}`,
  'as bytes': Buffer.from(text),
  'as gzip': gzipSync(JSON.stringify({ a: text })),
  'as zlib in base64': { packed: base64(deflateSync(text)) },
};

describe('a text is found', () => {
  it.each(Object.entries(forms))('%s, once', (_, value) => {
    const found = find(value);
    expect(found.map((one) => one.text)).toEqual([1]);
    expect(found[0]?.around).toContain('[1]');
    expect(found[0]?.around.toLowerCase()).not.toContain('rtlich');
  });
});

it('the way to it is told, and some characters around it', () => {
  expect(find({ record: { body: base64(JSON.stringify({ data: ['the second one'] })) } })).toEqual([
    { text: 2, path: 'record.body(base64)', around: 'data":["the [2] one"]}' },
  ]);
});

it('nothing else is found, and no depth of anybody else ends the search', () => {
  expect(find({ a: 'seco', b: ['nd', null, 1n], c: Buffer.from([0xff, 0x1f, 0x8b]) })).toEqual([]);
  const depth = 100_000;
  expect(find(`${'['.repeat(depth)}"second"${']'.repeat(depth)}`)).toHaveLength(1);
  expect(find({ a: gzipSync('second').subarray(0, 12) })).toEqual([]);
});
