/** A filter that the runner cannot carry out, named by where it stands. */
class PatternError extends Error {
  override readonly name = 'PatternError';
}

type Test = (value: unknown) => boolean;

/**
 * Whether an event fits a filter pattern of an event source mapping (AWS, "Filter rule syntax"): every named field fits
 * one of its values. Of the comparisons it knows `prefix`, `suffix`, `anything-but`, `equals-ignore-case`, `exists` and
 * `numeric`; `$or` holds alternatives. Throws `PatternError` for anything else, before any event comes.
 */
export function compilePattern(pattern: unknown, at = 'Pattern'): Test {
  if (typeof pattern !== 'object' || pattern === null) throw new PatternError(`${at}: expected an object or a list`);
  if (Array.isArray(pattern)) return anyOf(pattern.map((one, i) => leaf(one, `${at}[${i}]`)));
  const fields = Object.entries(pattern).map(([name, inner]: [string, unknown]): Test => {
    if (name === '$or' && Array.isArray(inner))
      return anyOf(inner.map((one, i) => compilePattern(one, `${at}.$or[${i}]`)));
    const test = compilePattern(inner, `${at}.${name}`);
    return (value) => test(isRecord(value) ? value[name] : undefined);
  });
  return (value) => fields.every((fits) => fits(value));
}

function anyOf(tests: readonly Test[]): Test {
  return (value) => tests.some((fits) => fits(value));
}

function leaf(wanted: unknown, at: string): Test {
  if (!isRecord(wanted)) return onLeaf((value) => value === wanted);
  const [[operator, argument] = ['', undefined], ...more] = Object.entries(wanted);
  if (more.length > 0) throw new PatternError(`${at}: one comparison at a time`);
  if (operator === 'exists') return (value) => isLeaf(value) === argument;
  return onLeaf(comparison(operator, argument, at));
}

/** A pattern speaks of leaves; a list fits when one of its entries does. */
function onLeaf(test: Test): Test {
  return (value) => (Array.isArray(value) ? value.some((one) => test(one)) : value !== undefined && test(value));
}

function comparison(operator: string, argument: unknown, at: string): Test {
  if (operator === 'anything-but') {
    const refused = [argument].flat();
    if (refused.every((one) => !isRecord(one))) return (value) => isLeaf(value) && !refused.includes(value);
    const inner = leaf(argument, at);
    return (value) => isLeaf(value) && !inner(value);
  }
  if (operator === 'numeric' && Array.isArray(argument)) return numeric(argument, at);
  if (typeof argument !== 'string')
    throw new PatternError(`${at}: the runner does not know ${operator || 'an empty comparison'}`);
  switch (operator) {
    case 'prefix':
      return (value) => typeof value === 'string' && value.startsWith(argument);
    case 'suffix':
      return (value) => typeof value === 'string' && value.endsWith(argument);
    case 'equals-ignore-case':
      return (value) => typeof value === 'string' && value.toLowerCase() === argument.toLowerCase();
    default:
      throw new PatternError(`${at}: the runner does not know ${operator}`);
  }
}

const numericTests: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '=': (value, limit) => value === limit,
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
};

/** `[">", 0, "<=", 5]`. DynamoDB carries numbers as texts, and AWS compares those too. */
function numeric(terms: readonly unknown[], at: string): Test {
  const tests = Array.from({ length: Math.ceil(terms.length / 2) }, (_, i): Test => {
    const [operator, limit] = [terms[2 * i], terms[2 * i + 1]];
    const test = numericTests[String(operator)];
    if (!test || typeof limit !== 'number')
      throw new PatternError(`${at}: the runner does not know numeric ${String(operator)}`);
    return (value) => isNumber(value) && test(Number(value), limit);
  });
  return (value) => tests.every((fits) => fits(value));
}

function isNumber(value: unknown): boolean {
  return (
    typeof value === 'number' || (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLeaf(value: unknown): boolean {
  return value !== undefined && !isRecord(value);
}
