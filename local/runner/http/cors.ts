/** The CORS part of an HTTP API. */
export interface Cors {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly exposed: readonly string[];
  readonly maxAgeS?: number;
  readonly credentials: boolean;
}

/** What a request says about its origin; a preflight names the method that it asks for. */
export interface CorsRequest {
  readonly origin: string | undefined;
  readonly requestedMethod?: string | undefined;
}

/**
 * The headers that the gateway puts on an answer; none for an origin that is not allowed, so that the browser refuses it.
 * `requestedMethod` is present for a preflight, which gets the headers of a preflight.
 */
export function corsHeaders(cors: Cors, { origin, requestedMethod }: CorsRequest): Record<string, string> {
  if (origin === undefined || !cors.origins.some((allowed) => fits(allowed, origin))) return {};
  const headers: Record<string, string> = {
    'access-control-allow-origin': cors.origins.includes('*') && !cors.credentials ? '*' : origin,
  };
  if (cors.credentials) headers['access-control-allow-credentials'] = 'true';
  if (cors.exposed.length > 0) headers['access-control-expose-headers'] = cors.exposed.join(',');
  if (requestedMethod === undefined) return headers;
  if (cors.methods.length > 0) headers['access-control-allow-methods'] = cors.methods.join(',');
  if (cors.headers.length > 0) headers['access-control-allow-headers'] = cors.headers.join(',');
  if (cors.maxAgeS !== undefined) headers['access-control-max-age'] = String(cors.maxAgeS);
  return headers;
}

function fits(allowed: string, origin: string): boolean {
  if (allowed === '*') return true;
  // `https://*` allows every origin of that scheme (AWS, "Configure CORS for HTTP APIs").
  return allowed.endsWith('://*')
    ? origin.startsWith(allowed.slice(0, -1))
    : allowed.toLowerCase() === origin.toLowerCase();
}

const ownedByGateway = /^access-control-/;

/** The headers of a function's answer without those of CORS: with CORS configured the gateway ignores what a function says about it. */
export function withoutCors<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ownedByGateway.test(name)));
}
