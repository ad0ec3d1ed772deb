import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The secret that signs visitor tokens, kept in the data folder: where the links outlive a start, so must the tokens that lead to them. */
export function visitorSigningSecret(dataDir: string): string {
  const file = path.join(dataDir, 'visitor-signing-secret');
  if (existsSync(file)) return readFileSync(file, 'utf8');
  mkdirSync(dataDir, { recursive: true });
  const secret = randomBytes(48).toString('base64url');
  writeFileSync(file, secret, { mode: 0o600 });
  return secret;
}
