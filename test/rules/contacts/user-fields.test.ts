import { describe, expect, it } from 'vitest';
import {
  readAttribute,
  readAvatar,
  readEmail,
  readName,
  readNames,
  readPhoneNumber,
  textOf,
} from '../../../functions/rules/contacts/user-fields.ts';

const unusable = { problem: expect.any(String) };
/** Values of no single text, some of which lie about their length or their text. */
const strange: unknown[] = [
  {},
  { length: 3 },
  { length: { toString: null } },
  { toString: null },
  { constructor: 'x' },
  ['a', 'b'],
  [['a']],
  [{}],
  Number.NaN,
  Infinity,
  Symbol('x'),
  () => 'x',
];

describe('textOf', () => {
  it.each<[unknown, string | undefined]>([
    ['a', 'a'],
    [7, '7'],
    [0, '0'],
    [-1.5, '-1.5'],
    [281_474_976_710_656n, '281474976710656'],
    [true, 'true'],
    [['a'], 'a'],
    [new Set(['a']), 'a'],
    [[7], '7'],
    [undefined, ''],
    [null, ''],
    [[], ''],
    [[null], ''],
    ['', ''],
    [new Set(['a', 'b']), undefined],
    ...strange.map((value) => [value, undefined] as [unknown, undefined]),
  ])('reads %o as %o', (value, read) => {
    expect(textOf(value)).toBe(read);
  });
});

describe('a name', () => {
  it.each<[string, unknown, string]>([
    ['outer white space', '  Sample Member ', 'Sample Member'],
    ['a wide space around it', '\u3000山田\u3000太郎\u3000', '山田\u3000太郎'],
    ['a tab inside', 'Yamada\tTaro', 'Yamada Taro'],
    ['several lines', 'Yamada\r\n\r\nTaro', 'Yamada Taro'],
    ['a line separator', 'a\u2028b\u2029c\u0085d', 'a b c d'],
    ['a zero byte', 'a\u0000b', 'a b'],
    ['half a character', 'a\ud800b\udc00', 'ab'],
    ['255 characters', 'x'.repeat(255), 'x'.repeat(255)],
    ['10,000 characters', 'x'.repeat(10_000), 'x'.repeat(255)],
    ['a space at character 255', `${'x'.repeat(254)} yyy`, 'x'.repeat(254)],
    ['a wide space at character 255', `${'x'.repeat(254)}\u3000yyy`, 'x'.repeat(254)],
    ['a character that the cut would halve', `${'x'.repeat(254)}𝄞`, 'x'.repeat(254)],
    ['a space and then a character that the cut would halve', `${'x'.repeat(253)} 𝄞`, 'x'.repeat(253)],
    ['zero width space alone', '\u200b', ''],
    ['Hangul filler alone', '\u3164', ''],
    ['half-width Hangul filler alone', '\uffa0', ''],
    ['empty Braille alone', '\u2800', ''],
    ['joiners and marks of direction alone', '\u200d\u200e\u202e\u2060\ufeff\u034f\ufe0f', ''],
    ['a mix of what nobody sees', ' \u200b \u3164\t\u2800 ', ''],
    ['a zero width joiner between letters', 'ن\u200cی', 'ن\u200cی'],
    ['an emoji of several', '👩‍👩‍👧', '👩‍👩‍👧'],
    ['a character of a private font, as in Japanese family names', '\ue000田', '\ue000田'],
    ['a number', 7, '7'],
    ['a list of one', ['Taro'], 'Taro'],
    ['null', null, ''],
  ])('with %s is read as people see it', (_, written, name) => {
    expect(readName(written)).toEqual({ value: name });
  });

  it('stays the same when it is read again, so that it is no drift', () => {
    for (const written of [`${'x'.repeat(254)} y`, ' a\tb ', '𝄞'.repeat(200), '\u200ba\u200b']) {
      const once = readName(written);
      expect(readName('value' in once && once.value)).toEqual(once);
    }
  });

  it.each([...strange, true])('is nothing that can be used where it is %o', (written) => {
    expect(readName(written)).toEqual(unusable);
  });
});

describe('an e-mail address', () => {
  it.each([
    'ana@corp.example',
    'ana@corp.xn--p1ai',
    'ana@bücher.example',
    'ana@почта.рф',
    '用户@例子.广告',
    'ana&lee@corp.example',
    "o'hara@corp.example",
    'taro..yamada@docomo.example',
    'taro.@ezweb.example',
    '.taro@corp.example',
    '!#$%&*+-/=?^_`{|}~@corp.example',
    'a@b.co',
    '1@2.example',
    `${'x'.repeat(64)}@corp.example`,
    'ana@a-b.corp.example',
    'ANA@CORP.EXAMPLE',
  ])('is taken as it is: %s', (address) => {
    expect(readEmail(address)).toEqual({ value: address });
  });

  it.each([
    [' ana@corp.example ', 'ana@corp.example'],
    ['ana@corp.example\n', 'ana@corp.example'],
    ['', ''],
    ['   ', ''],
    [null, ''],
    [[], ''],
    [['ana@corp.example'], 'ana@corp.example'],
  ])('%j is taken as %j', (written, address) => {
    expect(readEmail(written)).toEqual({ value: address });
  });

  it.each([
    'ana',
    '@corp.example',
    'ana@',
    'ana@corp',
    'ana@@corp.example',
    'ana@x@corp.example',
    'ana lee@corp.example',
    'ana@corp example.com',
    'ana@corp..example',
    'ana@.corp.example',
    'ana@corp.example.',
    'ana@-corp.example',
    'ana@corp-.example',
    'ana@192.0.2.1',
    'ana@[192.0.2.1]',
    'ana@corp.example>',
    '<ana@corp.example>',
    'Ana <ana@corp.example>',
    'ana@corp.example,lee@corp.example',
    'mailto:ana@corp.example',
    'ana\u0000@corp.example',
    'ana\u200b@corp.example',
    'ana@corp.exam\u200bple\n.x',
    '"ana lee"@corp.example',
    `${'x'.repeat(65)}@corp.example`,
    `${'名'.repeat(22)}@corp.example`,
    `ana@${'x'.repeat(64)}.example`,
    `ana@${'x.'.repeat(125)}example`,
    '\ud800@corp.example',
    7,
    true,
    ...strange,
  ])('cannot be used: %o', (written) => {
    expect(readEmail(written)).toEqual(unusable);
  });
});

describe('a phone number', () => {
  it.each<[unknown, string]>([
    [' 0912 ', '0912'],
    ['+886 2 5550 0100', '+886 2 5550 0100'],
    [912_345_678, '912345678'],
    ['０９０-1234', '０９０-1234'],
    [['0912'], '0912'],
    ['x'.repeat(64), 'x'.repeat(64)],
  ])('%j is taken as %j', (written, number) => {
    expect(readPhoneNumber(written)).toEqual({ value: number });
  });

  it.each(['x'.repeat(65), '09\n12', '\ud800', true, ...strange])('cannot be used: %o', (written) => {
    expect(readPhoneNumber(written)).toEqual(unusable);
  });
});

describe('an avatar', () => {
  it.each(['https://corp.example/a.png', 'HTTPS://corp.example/a.png', 'https://corp.example/頭像.png?size=1#x'])(
    'over https is taken as it is: %s',
    (address) => {
      expect(readAvatar(address)).toEqual({ value: address });
    },
  );

  it.each([
    'http://localhost/a.png',
    'http://127.0.0.1/a.png',
    'http://corp.example/a.png',
    'ftp://corp.example/a.png',
    'https:corp.example/a.png',
    'https:///corp.example/a.png',
    'https://user:word@corp.example/a.png',
    'https://corp.example/a\n.png',
    'https://corp.example/a b.png',
    'javascript:alert(1)',
    'data:image/png;base64,AAAA',
    '/a.png',
    `https://corp.example/${'x'.repeat(500)}`,
    ...strange,
  ])('cannot be used, because people see it in MaiAgent’s console: %o', (address) => {
    expect(readAvatar(address)).toEqual(unusable);
  });
});

describe('roles and groups', () => {
  it.each<[unknown, readonly string[]]>([
    [['staff'], ['staff']],
    ['shift lead', ['shift lead']],
    ['[staff admin]', ['[staff admin]']],
    [
      ['b', 'a', 'b', ' a '],
      ['a', 'b'],
    ],
    [new Set(['b', 'a']), ['a', 'b']],
    [
      [7, 8n],
      ['7', '8'],
    ],
    [7, ['7']],
    [
      ['constructor', '__proto__'],
      ['__proto__', 'constructor'],
    ],
    [['staff', '', ' ', null], ['staff']],
    [undefined, []],
    [null, []],
    ['', []],
    [[], []],
  ])('%o are read as %j', (written, names) => {
    expect(readNames(written)).toEqual({ value: names });
  });

  it.each([
    { staff: true },
    ['staff', {}],
    ['staff', ['sales']],
    ['staff', true],
    true,
    ['a\nb'],
    ['\ud800'],
    ['x'.repeat(257)],
    Array.from({ length: 501 }, (_, index) => `role-${index}`),
    { length: 1, 0: 'staff' },
    { length: { toString: null } },
    Number.NaN,
  ])('of which one cannot be read are not read at all: %o', (written) => {
    expect(readNames(written)).toEqual(unusable);
  });
});

describe('an attribute', () => {
  it.each<[unknown, string]>([
    ['JP', 'JP'],
    [' JP ', 'JP'],
    [['JP'], 'JP'],
    [7, '7'],
    [true, 'true'],
    [281_674_916_028_284_931n, '281674916028284931'],
    ['x'.repeat(2048), 'x'.repeat(2048)],
    [null, ''],
    [[], ''],
  ])('%o is read as %j', (written, value) => {
    expect(readAttribute(written)).toEqual({ value });
  });

  it.each(['x'.repeat(2049), 'a\nb', '\ud800', ...strange])('is none that can be used: %o', (written) => {
    expect(readAttribute(written)).toEqual(unusable);
  });
});
