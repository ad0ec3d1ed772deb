import { describe, expect, it } from 'vitest';
import { declaredIn, rehearse } from '../../local/rehearsal/rehearse.ts';
import { sized } from '../scope.ts';

const all = ['keycloak', 'generic', 'auth0', 'clerk', 'workos'];
const kinds = all.slice(0, sized({ test: 1, prove: 5, long: 5 }));

describe('a rehearsal', () => {
  it.each(kinds)('of %s shows step by step what becomes of the link and the contact', async (kind) => {
    const lines: string[] = [];
    await rehearse(await declaredIn(kind, undefined), (line) => void lines.push(line));
    const steps = Object.fromEntries(
      lines
        .filter((_, index) => index % 2 === 0)
        .map((head, index) => [head.split(':')[0], `${head} |${lines[2 * index + 1]}`]),
    );
    expect(steps).toMatchObject({
      created: expect.stringMatching(/202 accepted \| {2}link active, contact "First" with \d/),
      renamed: expect.stringContaining('contact "Second"'),
      'the same event again': expect.stringContaining('202 repeated'),
      'an older event that comes late': expect.stringContaining('contact "Second"'),
      disabled: expect.stringContaining('link disabled, no contact id'),
      enabled: expect.stringContaining('link active, contact "Second"'),
      'left a group': expect.stringMatching(/202 (accepted|ignored)/),
      deleted: expect.stringContaining('link deleted, no contact id'),
    });
  });

  it('of a user pool hands over what EventBridge brings, and reads nobody', async () => {
    const lines: string[] = [];
    await rehearse(await declaredIn('cognito', undefined), (line) => void lines.push(line));
    const shown = lines.join('\n');
    expect(shown).toMatch(/^created: taken from the queue\n {2}link active, /);
    expect(shown).toContain('disabled: taken from the queue\n  link disabled, no contact id');
    expect(shown).toMatch(/deleted: taken from the queue\n {2}link deleted, no contact id is handed out$/);
  });

  it.each(['entra', 'okta'])('of the directory %s goes through its cycle', async (name) => {
    const lines: string[] = [];
    await rehearse(await declaredIn(name, undefined), (line) => void lines.push(line));
    const shown = lines.join('\n');
    expect(shown).toMatch(
      /^looks for the user: GET Users → 200\n {2}no link\ncreated: POST Users → 201\n {2}link active, /,
    );
    expect(shown).toMatch(/group.* → 20[14]\n {2}link active, contact "Second" with 2 knowledge bases\nleft the group/);
    expect(shown).toMatch(/left the group: .* → 204\n {2}link active, contact "Second" with 1 knowledge bases/);
    expect(shown).toMatch(
      /disabled: .* → 200\n {2}link disabled, no contact id is handed out\nenabled: .* → 200\n {2}link active, /,
    );
    // Okta never deletes.
    expect(shown.endsWith('link deleted, no contact id is handed out')).toBe(name === 'entra');
  });

  it('of a table is refused, because it sends nothing that could be made here', async () => {
    const rehearsed = rehearse(await declaredIn('table', undefined), () => undefined);
    await expect(rehearsed).rejects.toThrow('nothing to rehearse');
  });
});
