import { parseArgs, type ParseArgsConfig } from 'node:util';
import { startEmulator, type Emulator } from './server.ts';
import { defaultSwitches, describeValues, type Switches } from './state/switches.ts';

const help = `The emulator of MaiAgent's Contact API, by itself.

  node local/emulator/main.ts [options]

  --port <n>            the port of the API; 4010 unless said otherwise, 0 for any
  --control-port <n>    the port of the control routes alone; any unless said otherwise
  --host <address>      the address of the API; 127.0.0.1 unless said otherwise
  --api-key <key>       the key that is let in
  --inbox <id>          the id of the one inbox
  --switch <name=value> sets a switch; may be repeated
  --help                this text

Switches, each with its values:
${Object.keys(defaultSwitches)
  .map((name) => `  ${name}: ${describeValues(name as keyof Switches)}`)
  .join('\n')}
`;

/** What was asked for on the command line cannot be done; the message says why, in one line. */
class Misuse extends Error {}

const options = {
  port: { type: 'string', default: '4010' },
  'control-port': { type: 'string', default: '0' },
  host: { type: 'string', default: '127.0.0.1' },
  'api-key': { type: 'string', default: 'samplekey0123456789' },
  inbox: { type: 'string', default: '7d0c1e52-2f6f-4a43-9c55-0b8f6c0f1a01' },
  switch: { type: 'string', multiple: true, default: [] },
  help: { type: 'boolean', default: false },
} satisfies ParseArgsConfig['options'];

async function start(): Promise<Emulator | undefined> {
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(help);
    return undefined;
  }
  return startEmulator({
    host: values.host,
    port: portOf('port', values.port),
    controlPort: portOf('control-port', values['control-port']),
    apiKey: values['api-key'],
    inboxes: [{ id: values.inbox, name: 'Sample inbox' }],
    switches: switchesOf(values.switch),
  });
}

function portOf(name: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new Misuse(`--${name} takes a number from 0 to 65535.`);
  return port;
}

function switchesOf(given: string[]): Partial<Switches> {
  const entries = given.map((text): [string, unknown] => {
    const [name = '', value = ''] = text.split(/=(.*)/s);
    const example = Object.hasOwn(defaultSwitches, name) ? defaultSwitches[name as keyof Switches] : undefined;
    const isNumber = typeof example === 'number' && /^\d+$/.test(value);
    if (typeof example === 'boolean') return [name, value === 'true' ? true : value === 'false' ? false : value];
    return [name, isNumber ? Number(value) : value];
  });
  return Object.fromEntries(entries);
}

function describe({ url, controlUrl, apiKey, store, switches }: Emulator): string {
  const inboxes = store.inboxes.map(({ id, webChatId }) => `inbox ${id}, web chat ${webChatId}`);
  return [
    `ready ${url}`,
    `control ${controlUrl}/control`,
    `key ${apiKey}`,
    ...inboxes,
    'switches',
    ...Object.entries(switches).map(([name, value]) => `  ${name}=${value}`),
    '',
    `curl -H 'Authorization: Api-Key ${apiKey}' '${url}/api/v1/contacts/'`,
    '',
  ].join('\n');
}

try {
  const emulator = await start();
  if (emulator !== undefined) {
    process.stdout.write(describe(emulator));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void emulator.close());
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
