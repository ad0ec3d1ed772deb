import { Command, InvalidArgumentError } from 'commander';
import { startEmulator, type Emulator, type EmulatorOptions } from './server.ts';
import { defaultSwitches } from './state/switches.ts';

const program = new Command('node local/emulator/main.ts')
  .description("The emulator of MaiAgent's Contact API, by itself.")
  .option('--port <n>', 'the port of the API, 0 for any', portOf, 4010)
  .option('--control-port <n>', 'the port of the control routes alone, 0 for any', portOf, 0)
  .option('--host <address>', 'the address of the API', '127.0.0.1')
  .option('--api-key <key>', 'the key that is let in', 'samplekey0123456789')
  .option('--inbox <id>', 'the id of the one inbox', '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01')
  .option('--switch <name=value>', 'sets a switch of docs/emulator.md; may be repeated', withSwitch, {})
  .parse();

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('Give a number from 0 to 65535.');
  return port;
}

/** Numbers and booleans where the switch takes them; the emulator refuses what it does not know. */
function withSwitch(text: string, others: Record<string, unknown>): Record<string, unknown> {
  const [name = '', value = ''] = text.split(/=(.*)/s);
  const isText = typeof defaultSwitches[name as keyof typeof defaultSwitches] === 'string';
  const isWord = isText || !/^(\d+|true|false)$/.test(value);
  return { ...others, [name]: isWord ? value : (JSON.parse(value) as unknown) };
}

function describe({ url, controlUrl, apiKey, store, switches }: Emulator): string {
  return [
    `ready ${url}`,
    `control ${controlUrl}/control`,
    `key ${apiKey}`,
    ...store.inboxes.map(({ id, webChatId }) => `inbox ${id}, web chat ${webChatId}`),
    'switches',
    ...Object.entries(switches).map(([name, value]) => `  ${name}=${value}`),
    '',
    `curl -H 'Authorization: Api-Key ${apiKey}' '${url}/api/v1/contacts/'`,
    '',
  ].join('\n');
}

interface Options extends Required<Pick<EmulatorOptions, 'port' | 'controlPort' | 'host' | 'apiKey'>> {
  readonly inbox: string;
  readonly switch: NonNullable<EmulatorOptions['switches']>;
}

try {
  const { inbox, switch: switches, ...options } = program.opts<Options>();
  const emulator = await startEmulator({ ...options, inboxes: [{ id: inbox, name: 'Sample inbox' }], switches });
  process.stdout.write(describe(emulator));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void emulator.close());
} catch (error) {
  program.error(error instanceof Error ? error.message : String(error));
}
