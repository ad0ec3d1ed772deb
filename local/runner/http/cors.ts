import * as z from 'zod/mini';
import { isLoopbackOrigin } from '../../http/guard.ts';

/** The CORS part of an HTTP API, with origins to the letter. */
export const corsSchema = z.strictObject({
  AllowOrigins: z.array(z.string().check(z.regex(/^[^*]+$/, 'the runner knows no wildcard'))),
  AllowMethods: z.array(z.string()),
  AllowHeaders: z.array(z.string()),
  ExposeHeaders: z.array(z.string()),
  MaxAge: z.number(),
});
export type Cors = z.infer<typeof corsSchema>;

/**
 * The headers that the gateway puts on an answer; none for an origin that is not allowed, so that the browser refuses it. A preflight gets
 * those of a preflight as well. Beside the stage's origins every page that this machine serves is allowed, so that one's own page can be tried.
 */
export function corsHeaders(cors: Cors, origin: string | undefined, isPreflight: boolean): Record<string, string> {
  if (origin === undefined || !(cors.AllowOrigins.includes(origin) || isLoopbackOrigin(origin))) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': cors.ExposeHeaders.join(','),
    ...(isPreflight && {
      'access-control-allow-methods': cors.AllowMethods.join(','),
      'access-control-allow-headers': cors.AllowHeaders.join(','),
      'access-control-max-age': String(cors.MaxAge),
    }),
  };
}

/** The headers of a function's answer without those of CORS: with CORS configured the gateway ignores what a function says about it. */
export function withoutCors<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('access-control-')));
}
