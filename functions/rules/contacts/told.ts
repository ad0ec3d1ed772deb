import { canonicalJson } from '../canonical.ts';
import type { Version } from './version.ts';

/** The fields that every contact has. An attribute's key is `@` and its name, so that no name can be another key of an object. */
export const FIXED_FIELDS = ['name', 'email', 'phoneNumber', 'avatar', 'roles', 'groups'] as const;
export type FixedField = (typeof FIXED_FIELDS)[number];

/** A fixed field, `@<attribute>`, or a further part of a name that the source keeps in several places: `name 2`. */
export type FieldKey = string;

/** The key of an attribute. */
export const attributeKey = (name: string): FieldKey => `@${name}`;
/** Stands for every attribute that a whole update of a source with attributes of any name did not carry. */
export const OTHER_ATTRIBUTES: FieldKey = '@';

/** Hinted where anything of a user's record may have changed, the standing too: only a reading of the whole user makes it known again. */
export const RECORD: FieldKey = 'record';

/** A name's first part is the field itself. */
export const namePartKey = (index: number): FieldKey => (index === 0 ? 'name' : `name ${index + 1}`);

/** The field as people read it. */
export const shownKey = (key: FieldKey): string => (key.startsWith('@') ? `attribute ${key.slice(1)}` : key);

/** That there is a value, which is not here: it is kept elsewhere, it is of no form that can be used, or it was erased with the person. */
export interface Unknown {
  readonly unknown: 'elsewhere' | 'unusable' | 'erased';
}
export const ERASED: Unknown = { unknown: 'erased' };

/** `''` and `[]` are told too: the user has none. */
export type FieldValue = string | readonly string[] | Unknown;

/** What one update says of a user, by field. A key that is absent was not told. */
export type Told = Readonly<Record<FieldKey, FieldValue>>;

/** What a source told at one version and has not told otherwise since. */
export interface Layer {
  readonly version: Version;
  readonly told: Told;
}

export const isUnknown = (value: FieldValue): value is Unknown => typeof value === 'object' && 'unknown' in value;

/** What a source last told of one field, `undefined` where it never did. */
export function toldOf(
  layers: readonly Layer[],
  key: FieldKey,
): { readonly version: Version; readonly value: FieldValue } | undefined {
  for (const { version, told } of layers) {
    const value = told[key] ?? (key.startsWith('@') ? told[OTHER_ATTRIBUTES] : undefined);
    if (value !== undefined) return { version, value };
  }
  return undefined;
}

/** What a source has told after one more update: of each field the newest, of equals the one that sorts higher, whatever the order of arrival. */
export function merge(layers: readonly Layer[], version: Version, told: Told): readonly Layer[] {
  const isHeard = (key: FieldKey, value: FieldValue): boolean => {
    const known = toldOf(layers, key);
    if (!known || version > known.version) return true;
    return version === known.version && weight(value) > weight(known.value);
  };
  const entries = Object.entries(told).filter(([key, value]) => isHeard(key, value));
  if (entries.length === 0) return layers;
  const news = Object.fromEntries(entries);
  const others = layers.map((layer) =>
    layer.version === version ? { version, told: { ...layer.told, ...news } } : layer,
  );
  const all = others.some((layer) => layer.version === version) ? others : [...others, { version, told: news }];
  return tidied(all.toSorted((a, b) => (a.version < b.version ? 1 : -1)));
}

/** Without what a newer layer says otherwise, and without layers that say nothing more. */
function tidied(layers: readonly Layer[]): readonly Layer[] {
  const seen = new Set<FieldKey>();
  let others: FieldValue | undefined;
  return layers.flatMap(({ version, told }) => {
    const { [OTHER_ATTRIBUTES]: rest } = told;
    const kept = Object.entries(told).filter(([key, value]) => {
      if (seen.has(key) || (others !== undefined && key.startsWith('@'))) return false;
      return key === OTHER_ATTRIBUTES || !key.startsWith('@') || rest === undefined || weight(value) > weight(rest);
    });
    for (const [key] of kept) seen.add(key);
    others ??= rest;
    return kept.length > 0 ? [{ version, told: Object.fromEntries(kept) }] : [];
  });
}

/** What is unknown weighs most, because it grants nothing, then `[]`; no text weighs least: it also stands for what was not named. */
function weight(value: FieldValue): string {
  if (isUnknown(value)) return '~';
  return value === '' ? '' : canonicalJson(value);
}
