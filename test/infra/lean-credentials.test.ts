import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultProvider } from '../../infra/lean-credentials.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('lean credentials', () => {
  it('are the three variables that Lambda sets', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'sample-id');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'sample-secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'sample-session');
    expect(await defaultProvider()()).toEqual({
      accessKeyId: 'sample-id',
      secretAccessKey: 'sample-secret',
      sessionToken: 'sample-session',
    });
  });

  it('do without a session token, which long-lived keys have not', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'sample-id');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'sample-secret');
    vi.stubEnv('AWS_SESSION_TOKEN', undefined);
    expect(await defaultProvider()()).toEqual({ accessKeyId: 'sample-id', secretAccessKey: 'sample-secret' });
  });

  it('say which variables are missing', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    await expect(defaultProvider()()).rejects.toThrow('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set');
  });
});
