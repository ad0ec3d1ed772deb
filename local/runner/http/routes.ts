/** A route that fits a request, with its path parameters. */
export interface Match<Route> {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Pattern<Route> {
  readonly route: Route;
  readonly method: string;
  readonly segments: readonly string[];
}

/**
 * Chooses among routes as an HTTP API does (AWS, "Create routes for HTTP APIs", read 2026-11): a full match before a
 * greedy one, `$default` last; within these, fixed text before a parameter, and a method before `ANY`. Paths are compared
 * decoded and by case; a parameter is never empty, so a path with a slash at its end is another path.
 */
export function routeSelector<Route extends { readonly key: string }>(
  routes: readonly Route[],
): (method: string, decodedPath: string) => Match<Route> | undefined {
  const patterns = routes
    .filter(({ key }) => key !== '$default')
    .map(patternOf)
    .toSorted(bySpecificity);
  const fallback = routes.find(({ key }) => key === '$default');
  return (method, decodedPath) => {
    const segments = decodedPath.split('/').slice(1);
    for (const { route, ...pattern } of patterns) {
      if (pattern.method !== 'ANY' && pattern.method !== method) continue;
      const parameters = parametersOf(pattern.segments, segments);
      if (parameters) return { route, parameters };
    }
    return fallback && { route: fallback, parameters: {} };
  };
}

function patternOf<Route extends { readonly key: string }>(route: Route): Pattern<Route> {
  const [method = '', path = ''] = route.key.split(' ');
  if (!method || !path.startsWith('/')) throw new Error(`"${route.key}" is not a route key`);
  return { route, method, segments: path.split('/').slice(1) };
}

function bySpecificity(a: Pattern<unknown>, b: Pattern<unknown>): number {
  const difference = rank(a.segments).localeCompare(rank(b.segments), 'en');
  if (difference !== 0) return difference;
  return Number(a.method === 'ANY') - Number(b.method === 'ANY');
}

/** Sorts before the rank of any less specific path: one digit for being greedy, then one for each segment. */
function rank(segments: readonly string[]): string {
  const digits = segments.map((segment) => (isGreedy(segment) ? 2 : segment.startsWith('{') ? 1 : 0));
  return `${digits.includes(2) ? 1 : 0}${digits.join('')}`;
}

function isGreedy(segment: string): boolean {
  return segment.startsWith('{') && segment.endsWith('+}');
}

function parametersOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    if (isGreedy(expected)) {
      const rest = segments.slice(i).join('/');
      return rest === '' ? undefined : { ...parameters, [expected.slice(1, -2)]: rest };
    }
    const actual = segments[i];
    if (actual === undefined) return undefined;
    if (!expected.startsWith('{')) {
      if (expected !== actual) return undefined;
    } else if (actual === '') return undefined;
    else parameters[expected.slice(1, -1)] = actual;
  }
  return segments.length === pattern.length ? parameters : undefined;
}
