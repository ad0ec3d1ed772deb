import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bareEnv } from '../rigs/bare-env.ts';

const program = fileURLToPath(new URL('../../local/cli.ts', import.meta.url));

it('an answer that cannot be written is no answer', async () => {
  // Opened to be read alone, it takes nothing, as a full disk does.
  const unwritable = openSync(program, 'r');
  const args = [program, 'permissions', 'check', '--stage', 'local', '--roles', 'staff'];
  const child = spawn(process.execPath, args, { env: bareEnv, stdio: ['ignore', unwritable, 'pipe'] });
  const [said, [code]] = await Promise.all([text(child.stderr!), once(child, 'close')]);
  closeSync(unwritable);
  expect([code, said]).toEqual([1, expect.stringMatching(/^contact-bridge: the answer is not whole: EBADF.*\n$/)]);
});
