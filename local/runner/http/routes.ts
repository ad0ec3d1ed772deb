/** A route that fits a request, with its path parameters. */
export interface Match<Route> {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

/** `METHOD /path`, in which `{name}` stands for one segment, and `{name+}` at the end for all that are left; or `$default`. */
export const routeKey = /^(\$default|(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/([\w.-]+|\{\w+\}))*\/?(\{\w+\+\})?)$/;

/**
 * Chooses among routes as an HTTP API does (AWS, "Create routes for HTTP APIs", read 2026-11): a full match before a greedy one, `$default`
 * last; within these, fixed text before a parameter. Paths are compared decoded and by case; a parameter is never empty, so a path with a
 * slash at its end is another path.
 */
export function routeSelector<Route extends { readonly key: string }>(
  routes: readonly Route[],
): (method: string, decodedPath: string) => Match<Route> | undefined {
  const fallback = routes.find(({ key }) => key === '$default');
  const patterns = routes
    .filter((route) => route !== fallback)
    .map((route) => ({ route, fits: patternOf(route.key), rank: rankOf(route.key) }))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
  return (method, decodedPath) => {
    for (const { route, fits } of patterns) {
      const match = fits.exec(`${method} ${decodedPath}`);
      if (match) return { route, parameters: { ...match.groups } };
    }
    return fallback && { route: fallback, parameters: {} };
  };
}

function patternOf(key: string): RegExp {
  const pattern = key
    .replaceAll('.', String.raw`\.`)
    .replaceAll(/\{(\w+)\+\}/g, '(?<$1>.+)')
    .replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return new RegExp(`^${pattern}$`, 's');
}

/** Sorts after the rank of any more specific path: a parameter's `~` comes after every text. */
function rankOf(key: string): string {
  return `${key.includes('+}') ? 1 : 0} ${key.replaceAll(/\{[^}]*\}/g, '~')}`;
}
