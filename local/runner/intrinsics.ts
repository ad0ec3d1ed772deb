/** The template holds something that the runner does not do. The message names the place and what was met there. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** What the names of a template stand for on this machine. */
export interface Scope {
  /** The value of `Ref`, for a resource, a parameter or a pseudo parameter; undefined where the name is unknown. */
  ref(name: string): unknown;
  /** The value of `Fn::GetAtt`; undefined where it is unknown. */
  getAtt(logicalId: string, attribute: string): unknown;
}

/** What `AWS::NoValue` stands for: a property with this value is as good as absent. */
export const noValue = Symbol('AWS::NoValue');

/** The value with CDK's intrinsic functions carried out; `at` is the place, for the `TemplateError` of an unknown function or name. */
export function resolve(value: unknown, scope: Scope, at: string): unknown {
  if (Array.isArray(value))
    return value.map((entry, i) => resolve(entry, scope, `${at}[${i}]`)).filter((entry) => entry !== noValue);
  if (typeof value === 'string') return withoutDynamicReference(value, at);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (only && entries.length === 1 && (only[0] === 'Ref' || only[0].startsWith('Fn::')))
    return call(only[0], only[1], scope, at);
  return Object.fromEntries(
    entries
      .map(([key, entry]) => [key, resolve(entry, scope, `${at}.${key}`)])
      .filter(([, entry]) => entry !== noValue),
  );
}

function withoutDynamicReference(text: string, at: string): string {
  if (text.includes('{{resolve:')) throw new TemplateError(`${at}: dynamic references ({{resolve:…}}) do not run here`);
  return text;
}

function call(name: string, argument: unknown, scope: Scope, at: string): unknown {
  const place = `${at}.${name}`;
  switch (name) {
    case 'Ref':
      return known(scope.ref(String(argument)), place, String(argument));
    case 'Fn::GetAtt': {
      const [logicalId = '', attribute = ''] = list(argument, place).map(String);
      return known(scope.getAtt(logicalId, attribute), place, `${logicalId}.${attribute}`);
    }
    case 'Fn::Join': {
      const [separator, parts] = list(argument, place);
      return list(resolve(parts, scope, place), place).join(String(separator));
    }
    case 'Fn::Sub':
      return String(argument).replace(/\$\{([^}]*)\}/g, (_, inner: string) =>
        String(known(scope.ref(inner), place, inner)),
      );
    default:
      throw new TemplateError(`${at}: the runner does not know the function ${name}`);
  }
}

function known(value: unknown, at: string, name: string): unknown {
  if (value === undefined) throw new TemplateError(`${at}: the runner has no value for ${name}`);
  return value;
}

function list(value: unknown, at: string): unknown[] {
  if (!Array.isArray(value)) throw new TemplateError(`${at}: expected a list, found ${JSON.stringify(value)}`);
  return value;
}
