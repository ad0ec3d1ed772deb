import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * A measured test of a comparison's time fails for other reasons than the comparison on a machine that does other things too. What
 * can be held is that secrets are compared in few places, and there by functions that are made for it; `npm run prove -- --only refusal-times` measures.
 */
const folder = fileURLToPath(new URL('../../functions', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const sources = new Map(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

/** The files in which a pattern occurs, outside of comments. */
const filesWith = (pattern: RegExp): string[] =>
  [...sources]
    .filter(([, text]) => pattern.test(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')))
    .map(([name]) => name)
    .toSorted();

describe('what a secret proves', () => {
  it('is decided in these files alone', () => {
    expect(filesWith(/createHmac|new Webhook\(|timingSafeEqual/)).toEqual([
      // It signs what goes to AWS, and compares nothing.
      'io/sha256.ts',
      'io/visitor-token.ts',
      'rules/sources/signature.ts',
    ]);
    expect(filesWith(/\bjwtVerify\b/)).toEqual([
      'io/signed-tokens.ts',
      'io/verify-token.ts',
      'io/visitor-token.ts',
      'rules/sources/keycloak-proof.ts',
    ]);
    expect(filesWith(/\b(textKeys|signingKeys)\(/)).toEqual([
      'io/visitor-token.ts',
      'rules/sources/auth0.ts',
      'rules/sources/clerk.ts',
      'rules/sources/generic.ts',
      'rules/sources/keycloak-proof.ts',
      'rules/sources/secret.ts',
      'rules/sources/workos.ts',
      'scim.ts',
    ]);
  });

  it.each([['rules/sources/signature.ts', 3]])(
    'is compared in %s by timingSafeEqual, %i times, and by nothing else',
    (name, times) => {
      const text = sources.get(name) ?? '';
      expect(text.match(/timingSafeEqual\(/g)).toHaveLength(times);
      // What was computed from a key is never an operand of an ordinary comparison.
      expect(text).not.toMatch(
        /(digest\([^)]*\)|\bexpected|\bmac\b[^;]*)\s*[=!]==?\s|[=!]==?\s*(mac|expected|digest\()/,
      );
      expect(text).not.toMatch(/\.(equals|compare|localeCompare)\(/);
    },
  );
});
