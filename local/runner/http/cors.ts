/** The CORS part of an HTTP API, with origins to the letter. */
export interface Cors {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  readonly maxAgeS: number;
}

/**
 * The headers that the gateway puts on an answer; none for an origin that is not allowed, so that the browser refuses it. A preflight gets
 * those of a preflight as well.
 */
export function corsHeaders(cors: Cors, origin: string | undefined, isPreflight: boolean): Record<string, string> {
  if (origin === undefined || !cors.origins.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': cors.exposed.join(','),
    ...(isPreflight && {
      'access-control-allow-methods': cors.methods.join(','),
      'access-control-allow-headers': cors.headers.join(','),
      'access-control-max-age': String(cors.maxAgeS),
    }),
  };
}

/** The headers of a function's answer without those of CORS: with CORS configured the gateway ignores what a function says about it. */
export function withoutCors<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('access-control-')));
}
