import { openApi } from '../../functions/rules/http/openapi.ts';

/** What is read of a JSON schema. */
interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema; readonly example?: unknown }>>;
}

interface Operation {
  readonly summary: string;
  readonly security?: readonly { readonly token: readonly string[] }[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

/** The API's own description as a document that is read without tools. */
export function apiReference(): string {
  const paths = Object.entries(openApi()['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>);
  const operations = paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(`${method.toUpperCase()} ${path}`, operation)),
  );
  return `# API reference\n\nMade of \`/v1/openapi.json\`. In words: [the API](api.md); failures: [error codes](codes.md).\n\n${operations.join('\n')}`;
}

function section(key: string, { summary, security, parameters = [], requestBody, responses }: Operation): string {
  const scopes = security?.flatMap(({ token }) => token) ?? [];
  const who = security ? (scopes.length > 0 ? `the scope \`${scopes.join(' ')}\`` : "the user's token") : 'no token';
  const given = parameters.map(({ name, in: place }) => `\`${name}\` (${place})`).join(', ');
  return [
    `## \`${key}\`\n\n${summary}. Needs ${who}.${given === '' ? '' : ` Takes ${given}.`}\n`,
    ...(requestBody ? [shape('Body', requestBody)] : []),
    ...Object.entries(responses)
      .filter(([status]) => status !== 'default')
      .map(([status, answer]) => shape(`Answer ${status}`, answer)),
  ].join('\n');
}

function shape(name: string, { content = {} }: Content): string {
  const [{ schema, example } = {}] = Object.values(content);
  const rows = schema ? fieldsIn(schema) : [];
  const table = rows.length === 0 ? '' : `\n| field | type | needed |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
  const sample = example === undefined ? '' : `\n\`\`\`json\n${JSON.stringify(example, null, 2)}\n\`\`\`\n`;
  return `**${name}**${table === '' && sample === '' ? ': empty' : ''}\n${table}${sample}`;
}

function fieldsIn({ properties = {}, required = [], anyOf = [] }: Schema): string[] {
  const own = Object.entries(properties).map(
    ([name, part]) => `| \`${name}\` | ${typeOf(part)} | ${required.includes(name) ? 'yes' : 'no'} |`,
  );
  return [...new Set([...own, ...anyOf.flatMap(fieldsIn)])];
}

function typeOf({ type, enum: values, const: value, anyOf, items }: Schema): string {
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (values) return values.map((one) => `\`${JSON.stringify(one)}\``).join(', ');
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' or ');
  return items ? `list of ${typeOf(items)}` : (type ?? 'anything');
}
