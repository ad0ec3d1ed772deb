import { Messages, Schemas, Types } from 'scimmy';
import { attempted } from '../attempted.ts';
import { isObject, type Json } from '../sources/json.ts';
import { isFailure, ScimFailure } from './failure.ts';
import { readFilter, type ScimFilter } from './filter.ts';
import { isInherited } from './inherited.ts';
import type { ScimType } from './resource.ts';

export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

// A directory fills it with whatever it has; nobody here opens it.
const profile = new Types.Attribute('string', 'profileUrl', { description: "The user's page." });
Schemas.User.definition.truncate('profileUrl').extend([profile]).extend(Schemas.EnterpriseUser.definition);
// Entra ID writes `WindowsAzureActiveDirectoryRole` (Microsoft, "Provisioning a role to a SCIM app"), and others what they like: RFC 7643
// §2.4 suggests values. What is refused for a label would refuse the end of the account in the same request.
for (const attribute of Schemas.User.definition.attributes)
  for (const { name, type, config } of attribute.subAttributes ?? [])
    if (name === 'type') config.canonicalValues = false;
    // The library would take an address with a host alone; an address begins with nothing, so any text is one.
    else if (type === 'reference' && attribute.name === 'photos') config.referenceTypes = ['external', ''];

/** A user whom anybody describes at more length is refused: a link keeps as much of one source. */
const DOCUMENT_BYTES_MAX = 65_536;
/** What disables somebody whose document is full always fits: this is as long as what it writes. */
const DISABLED_BYTES = '"active":false,'.length;
const OPERATIONS_MAX = 100;

/** Attributes that the bridge writes itself, and the password, which it must never have had. */
const OURS = new Set(['schemas', 'id', 'meta', 'groups', 'password']);

/** What a directory wrote, as the schemas know it: what is unknown or not its to write, and a group's members, are left out. Throws `ScimFailure`. */
export function documentOf(type: ScimType, body: unknown): Json {
  if (!isObject(body)) throw new ScimFailure('invalidSyntax');
  const own = named(type, body).filter(([name]) => !OURS.has(name.toLowerCase()) && name.toLowerCase() !== 'members');
  const { meta: _, schemas, ...rest } = checked(type, tidied(Object.fromEntries(own)) as Json, 'in');
  // The library names the extension also where nothing of it was given.
  const isThere = (schema: unknown) => schema !== ENTERPRISE || Object.keys(rest[ENTERPRISE] ?? {}).length > 0;
  const document: Json = { ...rest, schemas: (schemas as unknown[]).filter(isThere) };
  const keys = [document[type === 'User' ? 'userName' : 'displayName'], document['externalId'] ?? 'none'];
  if (!keys.every((key) => typeof key === 'string' && isKey(key))) throw new ScimFailure('invalidValue');
  const max = DOCUMENT_BYTES_MAX + (document['active'] === false ? DISABLED_BYTES : 0);
  if (Buffer.byteLength(JSON.stringify(document)) > max) throw new ScimFailure('tooLarge');
  return document;
}

/** The members of a resource, each by its name alone where it is written in full (RFC 7644 §3.10), of which the library would take nothing. */
export function named(type: ScimType, body: Json): [name: string, value: unknown][] {
  const core = `${Schemas[type].definition.id}:`;
  return withoutCore(body).map(([name, value]) => [
    isSame(name.slice(0, core.length), core) ? name.slice(core.length) : name,
    value,
  ]);
}

/** What a key of the table can be made of, and what rules can know a group by. */
const isKey = (text: string): boolean => text.length <= 256 && text.isWellFormed() && /^\P{Cc}+$/u.test(text);

const checked = (type: ScimType, body: Json, direction: 'in' | 'both'): Json =>
  explained(() => plain(new Schemas[type](body, direction)));

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

/** The library's failures by the RFC's words. It throws `TypeError` for a value that does not fit its attribute. */
function explained<Result>(ask: () => Result): Result {
  try {
    return ask();
  } catch (error) {
    throw failureOf(error);
  }
}

function failureOf(error: unknown): unknown {
  if (error instanceof TypeError) return new ScimFailure('invalidValue');
  if (!(error instanceof Types.Error)) return error;
  const { scimType } = error as { scimType?: string };
  return new ScimFailure(isFailure(scimType) ? scimType : 'invalidValue');
}

/**
 * The same value without `null`, which stands for none (RFC 7643 §2.5), without names that every object has, with truth values that Entra
 * ID writes as texts, with a manager whom it names by a text (Microsoft, "Known issues with SCIM 2.0 compliance"), and with texts for
 * numbers, of which these schemas have none. Half a character, which no table takes, is replaced. All this because the rest may be the
 * end of an account; not in a key, which is refused.
 */
function tidied(given: unknown, name = ''): unknown {
  const isFlag = /^(active|primary)$/i.test(name);
  const isScalar = ['string', 'number', ...(isFlag ? [] : ['boolean'])].includes(typeof given);
  const isText = isScalar && !/^(userName|externalId)$/i.test(name);
  const value = isText ? String(given).toWellFormed() : given;
  if (typeof value === 'string') {
    if (isFlag && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
    return name.toLowerCase() === 'manager' ? { value } : value;
  }
  if (Array.isArray(value)) return value.filter((one) => one !== null).map((one) => tidied(one, name));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([key, one]) => one !== null && isWritable(key));
  return Object.fromEntries(entries.map(([key, one]) => [key, tidied(one, key)]));
}

/** A name as a schema has it, alone or after the schema's own. The library would take dots in it for a way into what is there. */
const NAME = /^(?:urn:ietf:params:scim:schemas:(?:core|extension:enterprise):2\.0:(?:User|Group):)?([a-z$][\w$-]*)$/i;

function isWritable(key: string): boolean {
  const [, name] = NAME.exec(key) ?? [];
  return isSame(key, ENTERPRISE) || (name !== undefined && !isInherited(name));
}

/** One change of a PATCH. `isLoose`: it came as a member of a value without a path, where an unknown name is passed over. */
export interface Operation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value: unknown;
  readonly isLoose: boolean;
}

const CORE = /^urn:ietf:params:scim:schemas:core:2\.0:(User|Group)$/i;

/** The members of a value, of which the core schema may be one, as an extension is. */
const withoutCore = (value: Json): [name: string, value: unknown][] =>
  Object.entries(value).flatMap(([key, one]) => (CORE.test(key) && isObject(one) ? Object.entries(one) : [[key, one]]));

/** The operations of a PATCH (RFC 7644 §3.5.2), each with its path; `op` in any case, as Entra ID writes it. */
export function operationsIn(body: unknown): Operation[] {
  const [, all] = Object.entries(isObject(body) ? body : {}).find(([name]) => isSame(name, 'operations')) ?? [];
  if (!Array.isArray(all)) throw new ScimFailure('invalidSyntax');
  if (all.length === 0 || all.some((one) => !isObject(one))) throw new ScimFailure('invalidValue');
  const operations = (all as Json[]).flatMap(operationsOf);
  if (operations.length > OPERATIONS_MAX) throw new ScimFailure('tooLarge');
  return operations;
}

function operationsOf({ op, path, value }: Json): Operation[] {
  const what = typeof op === 'string' ? op.toLowerCase() : undefined;
  if (what !== 'add' && what !== 'replace' && what !== 'remove') throw new ScimFailure('invalidSyntax');
  if (path !== undefined && path !== null && !(typeof path === 'string' && CORE.test(path))) {
    if (typeof path !== 'string') throw new ScimFailure('invalidPath');
    if (what !== 'remove' && value === undefined) throw new ScimFailure('invalidValue');
    return [{ op: what, path, value, isLoose: false }];
  }
  if (what === 'remove') throw new ScimFailure('noTarget');
  if (!isObject(value)) throw new ScimFailure('invalidValue');
  return withoutCore(value).map(([key, one]) => ({ op: what, path: key, value: one, isLoose: true }));
}

/** The document after these operations, one after the other. Throws `ScimFailure`, and then none of them has happened. */
export async function patched(type: ScimType, document: Json, operations: readonly Operation[]): Promise<Json> {
  let current = document;
  for (const operation of operations) {
    const written = explained(() => translated(type, current, operation));
    if (!written) continue;
    const request = { schemas: [Messages.PatchOp.id], Operations: [written] };
    try {
      const target = new Schemas[type](current);
      current = plain((await new Messages.PatchOp(request as never).apply(target)) ?? target);
    } catch (error) {
      throw failureOf(error);
    }
  }
  return documentOf(type, current);
}

const PATH = /^(?:(urn:[\w.:-]+):)?([a-z$][\w$-]*)(?:\[(.+)\])?(?:\.([a-z$][\w$-]*))?$/i;

/**
 * An operation as the library takes it. It knows names in their own case alone, replaces a complex value whole where the RFC keeps what is not
 * named, and does not make the entry that a filter asks for, as Entra ID expects of `emails[type eq "work"].value`. Nothing where the
 * operation is about what is kept out.
 */
function translated(
  type: ScimType,
  document: Json,
  { op, path, value: given, isLoose }: Operation,
): object | undefined {
  const { definition } = Schemas[type];
  const isExtension = isSame(path, ENTERPRISE);
  const found = isExtension ? ['', ENTERPRISE, ''] : (PATH.exec(path) ?? ['', undefined, '!']);
  const [, urn = definition.id, name = '', filter, member] = found;
  const isOfCore = isSame(urn, definition.id);
  const isOurs = OURS.has(name.toLowerCase());
  if ((!isOfCore && !isSame(urn, ENTERPRISE)) || isSame(name, 'password') || (isOurs && isLoose)) return undefined;
  if (isOurs) throw new ScimFailure('mutability');
  const at = isExtension ? ENTERPRISE : `${isOfCore ? '' : `${ENTERPRISE}:`}${name}`;
  const attribute = attributeAt(definition, at);
  const part = member === undefined ? attribute : attributeAt(definition, `${at}.${member}`);
  if (!attribute || !part) {
    if (isLoose) return undefined;
    throw new ScimFailure('invalidPath');
  }
  const target = isExtension ? ENTERPRISE : at.slice(0, at.length - name.length) + attribute.name;
  const leaf = member === undefined ? '' : `.${part.name}`;
  const value = (tidied({ [part.name]: given }) as Json)[part.name];
  if (op === 'add' && value === undefined) return undefined;
  const how = op === 'replace' && value === undefined ? 'remove' : op;
  const to = how !== 'remove' && { value };
  if (filter === undefined) {
    const isList = 'config' in attribute && attribute.config.multiValued;
    // The library gives no part to an extension's manager who is not there, where RFC 7644 §3.5.2 makes one.
    if (to && leaf !== '' && !isList) return { op: 'add', path: target, value: { [part.name]: value } };
    const isPart = isObject(value) && !isList;
    return { op: how === 'replace' && isPart ? 'add' : how, path: target + leaf, ...to };
  }
  const read = readFilter(filter);
  const list = document[target];
  const isFound = Array.isArray(list) && (list as Json[]).some(read.fits);
  // The library compares letter by letter, and would leave `staff` where `Staff` is to go.
  if (isFound) {
    const left = (list as Json[]).flatMap((one) =>
      read.fits(one) ? changed(one, how, member && part.name, value) : [one],
    );
    return left.length === 0 ? { op: 'remove', path: target } : { op: 'replace', path: target, value: left };
  }
  const added =
    to && entryFor(read, document[target], member === undefined && isObject(value) ? value : { [part.name]: value });
  return added ? { op: 'add', path: target, value: [added] } : { op: how, path: `${target}[${filter}]${leaf}`, ...to };
}

/** An entry of a list after an operation about it, or about one member of it; none where it is removed. */
function changed(entry: Json, how: Operation['op'], member: string | undefined, value: unknown): Json[] {
  const whole = isObject(value) ? value : { value };
  if (member === undefined) return how === 'remove' ? [] : [how === 'add' ? { ...entry, ...whole } : whole];
  const { [member]: _, ...rest } = entry;
  return [how === 'remove' ? rest : { ...rest, [member]: value }];
}

const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

type Attributes = { attribute(name: string): Types.Attribute | Types.SchemaDefinition };

const attributeAt = (definition: Attributes, name: string) => attempted(() => definition.attribute(name));

/** The entry that a filter by `type` or `primary` describes, where the list has none that fits it. */
function entryFor({ alternatives, fits }: ScimFilter, list: unknown, entry: Json): Json | undefined {
  const [conditions = {}, ...others] = alternatives;
  const tests = Object.entries(conditions).map(([key, test]) => [key, ...(Array.isArray(test) ? test : [])]);
  const isPlain =
    others.length === 0 && tests.every(([key, op]) => /^(type|primary)$/.test(String(key)) && op === 'eq');
  if (!isPlain || (Array.isArray(list) && list.some((one) => isObject(one) && fits(one)))) return undefined;
  return { ...(tidied(Object.fromEntries(tests.map(([key, , text]) => [key, text]))) as Json), ...entry };
}
