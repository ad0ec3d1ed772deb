import { beforeEach, expect, it } from 'vitest';
import { ann, bob, LoaderPage } from '../loader-page.ts';
import { pageHtml } from '../stub-bridge.ts';

const at = new LoaderPage();
const { evaluate, isSeen, outcome, visit } = at;

/** A chat that is open for Ann, on a page that gives `tokens` one after the other, and the last for ever; it is looked at after more than five minutes. */
beforeEach(async () => {
  const options =
    'token: () => (calls += 1, tokens.length > 1 ? tokens.shift() : tokens[0]), onPersonChanged: () => {}';
  at.stub.html = pageHtml({ head: `<script>calls = 0; tokens = ['${ann}']</script>`, options });
  await at.page.clock.install();
  await visit();
  expect(await outcome()).toBe('open');
  await at.page.waitForSelector('#maiagent-chat');
  await evaluate('performance.now = () => 1e9');
});

it('the chat of somebody who leaves while the API is away is closed, though the token changes during a look', async () => {
  at.answers({ status: 503 });
  await evaluate(`tokens = ['${ann}', '${bob}']; dispatchEvent(new Event('pageshow'))`);
  await expect.poll(() => at.stub.asked.length).toBe(2);
  expect(await evaluate('contactBridge.personChanged()')).toBe('closed');
  expect(await isSeen()).toBe(false);
});

it('an API that gives nothing is asked about an open chat no more often than one that does', async () => {
  at.answers({ status: 401 });
  for (const _ of [1, 2, 3]) expect(await evaluate('contactBridge.personChanged()')).toBe('open');
  expect(at.stub.asked).toHaveLength(2);
});

it('two tabs whose token writes to the storage do not wake each other without an end, and the last write is looked at', async () => {
  const write = "dispatchEvent(new Event('storage'))";
  expect(await evaluate(`calls = 0; ${write}; ${write}; ${write}; calls`)).toBe(1);
  await evaluate(`tokens = ['${bob}']; ${write}`);
  expect(await evaluate('contactBridge.state')).toBe('open');
  await at.page.clock.fastForward(2_000);
  await at.page.waitForFunction("contactBridge.state === 'closed'");
});
