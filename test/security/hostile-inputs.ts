/** A field of a user, by the name that `PUT` has for it; `department` is an attribute. */
export type InputField = 'name' | 'email' | 'phoneNumber' | 'avatar' | 'roles' | 'groups' | 'department';

/** What a user store or a token may say of a field, as JSON. */
export interface HostileInput {
  readonly field: InputField;
  readonly json: string;
}

const every: readonly InputField[] = ['name', 'email', 'phoneNumber', 'avatar', 'roles', 'groups', 'department'];
const inputs = (fields: readonly InputField[], values: readonly string[]): HostileInput[] =>
  fields.flatMap((field) => values.map((json) => ({ field, json })));
const texts = (...values: string[]): string[] => values.map((value) => JSON.stringify(value));

/** Types that are others than a caller thinks, and objects whose own members mislead whoever asks for their length or text. */
const strangeTypes = [
  'null',
  '[]',
  '{}',
  '[[]]',
  '[["x"]]',
  '[null]',
  '[{}]',
  '["x","y"]',
  '["x"]',
  '0',
  '-1',
  '1.5',
  'true',
  'false',
  '{"length":{"toString":null}}',
  '[{"length":{"toString":null}}]',
  '{"toString":null}',
  '{"constructor":"x"}',
  '{"length":3,"0":"a"}',
  '{"then":"x"}',
  '{"toJSON":"x"}',
  '281674916028284931',
  '["281674916028284931"]',
];
const strangeTexts = texts(
  '',
  ' ',
  '\t',
  'constructor',
  '__proto__',
  'toString',
  '\u0000',
  'a\u0000b',
  'a\r\nb',
  'a\tb',
  '\u2028',
  '\ufeff',

  '\u200b',
  '\u3164',
  '\u2800',
  '\u202eabc',
  '\ud800',
  'a\udc00',
  '👩‍👩‍👧',
  'e\u0301',
  '名前',
  '<img src=x onerror=a()>',
  "';--",

  'x'.repeat(255),
  `${'x'.repeat(254)} y`,
  `${'x'.repeat(254)}👩`,
  'x'.repeat(257),
  'x'.repeat(3_000),
  '匿名',
  '%00',
  '${x}',
);

/** Addresses in use that a strict reader refuses, and what is none. */
const addresses = texts(
  'ana@corp.xn--p1ai',
  'ana@bücher.example',
  'ana&lee@corp.example',
  'taro..yamada@corp.example',
  'taro.@corp.example',

  ' ana@corp.example ',
  'Ana <ana@corp.example>',
  'ana@corp.example,bob@corp.example',
  'ana@localhost',
  'ana@@corp.example',
);
const pictures = texts(
  'javascript:alert(1)',
  'http://corp.example/a.png',
  'https://u:p@corp.example/a.png',
  'https://corp.example/a b.png',

  'HTTPS://corp.example/a.png',
  'data:image/png;base64,AA',
  `https://corp.example/${'a'.repeat(600)}`,
  '//corp.example/a.png',
);
const lists = [
  '["staff","staff"]',
  '[" staff "]',
  '["staff",""]',
  '["staff",null]',
  '["staff",1]',
  '["staff",true]',
  '["a,b"]',

  JSON.stringify(Array.from({ length: 501 }, (_, index) => `role-${index}`)),
  '"staff"',
  '{"0":"staff"}',
  '["Staff"]',
];

/** What every door is tried with. */
export const hostileInputs: readonly HostileInput[] = [
  ...inputs(every, strangeTypes),
  ...inputs(every, strangeTexts),
  ...inputs(['email'], addresses),
  ...inputs(['avatar'], pictures),
  ...inputs(['roles', 'groups'], lists),
];
