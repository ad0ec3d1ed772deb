import { parseArgs } from 'node:util';
import { type Bridge, type BridgeOptions, startBridge } from './bridge.ts';
import { emptyFolder } from './data/folder-claim.ts';
import { bridgeOptionsOf } from './settings.ts';
import { webhookExample } from './webhook-example.ts';
import { checkTour, sampleMember, takeTour, type Tour, TourError } from './tour.ts';

// What this start keeps on the disk, itself and through its children, is for this account alone.
process.umask(0o077);

const help = `npm start            runs contact-bridge on this machine: no AWS account, no Docker, no network
npm start -- --check takes the tour, checks what it saw, and ends: status 0 or 1
npm start -- --reset forgets first what DATA_DIR keeps of former starts: tables, the emulator's contacts, files

PORT                 3000; the HTTP API and the demo page (0: any free port)
MAIAGENT_BASE_URL    an emulator; another MaiAgent, with MAIAGENT_API_KEY and MAIAGENT_INBOX_ID,
                     MAIAGENT_WEB_CHAT_ID for its chat, and MAIAGENT_API_PREFIX where that is /api instead of /api/v1
ORIGINS              none; sites beside those of this machine whose pages may call the API, with commas between them
DYNAMODB             embedded; dynamodb-local for AWS's own (Java 17), or an address
DATA_DIR             a temporary folder; where the tables and the emulator's contacts live, kept between runs when set
WEBHOOK_SECRET       a random one, shown at the start; the secret of the source generic (Standard Webhooks, whsec_...)`;

/** The line by which a program that waits for the start knows that it is over. */
function readyLine({ url }: Bridge): string {
  return `ready ${url}`;
}

function tourLines(bridge: Bridge, tour: Tour): string {
  const { name } = sampleMember.claims;
  const contact = JSON.stringify(tour.contact, null, 2).replaceAll('\n', '\n  ');
  return `
  ${name} signed in, and the bridge found them their contact:
  ${tour.contactId}

  This is the contact at ${bridge.emulator ? 'the emulated MaiAgent' : bridge.maiAgent.baseUrl}:
  ${contact}

  A second visit answered the same contact (${tour.again.outcome}); a visitor got another one:
  ${tour.visitorContactId}`;
}

/** What to do next; it holds also where the tour came to nothing. */
function tryLines(bridge: Bridge): string {
  const { url, maiAgent } = bridge;
  const { email, roles } = sampleMember.claims;
  return `
Try it in a browser
  ${url}/

Try it with curl
  KEY=$(curl -s ${url}/local/key)
  TOKEN=$(curl -s ${url}/local/token -H "authorization: Bearer $KEY" -H 'content-type: application/json' \\
    -d '${JSON.stringify({ sub: sampleMember.sub, claims: { name: 'Renamed Member', email, roles } })}' | sed 's/.*"token":"\\([^"]*\\).*/\\1/')
  curl -s ${url}/v1/identity -X POST -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{}'
  curl -s ${url}/v1/visitors -X POST -H 'content-type: application/json' -d '{}'
  curl -s '${maiAgent.baseUrl}${maiAgent.apiPrefix}/contacts/?query=${sampleMember.sub}' -H 'authorization: Api-Key ${bridge.emulator ? maiAgent.apiKey : '<your key>'}'

Say that the member changed, as your user store would: a signed webhook (202), and a moment later the contact follows
  ${webhookExample(url, bridge.webhookSecret).replaceAll('\n', '\n  ')}

Send a message to everybody who has chatted, and see who got it
  npx --offline contact-bridge broadcast send --message 'The office is closed on Friday.' --all --confirm all --watch --local ${url}
  npx --offline contact-bridge broadcast list --local ${url}

Press Ctrl-C to stop.
`;
}

async function run({ check: isCheck = false, reset = false }: ReturnType<typeof readOptions>['values']): Promise<void> {
  const startedMs = performance.now();
  const signals = stopOnSignal();
  console.log('starting: the tables, MaiAgent and the stack');
  const options = bridgeOptionsOf(process.env);
  if (reset) forget(options);
  const bridge = await startBridge(options);
  signals.close = () => bridge.close();
  console.log(readyLine(bridge));
  console.log(`  after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  try {
    const tour = await takeTour(bridge);
    chatOnce(bridge, tour.contactId);
    if (isCheck) checkTour(tour);
    console.log(isCheck ? 'checked: every promise of the tour was kept' : tourLines(bridge, tour));
  } catch (error) {
    if (!(error instanceof TourError) || isCheck) throw error;
    console.error(`the tour ended early: ${error.message}`);
  } finally {
    if (isCheck) await bridge.close();
  }
  if (!isCheck) console.log(tryLines(bridge));
}

/** Throws one line where there is nothing that could be forgotten. */
function forget({ dataDir, dynamoDb }: BridgeOptions): void {
  if (dynamoDb instanceof URL) throw new Error('--reset: the tables are at DYNAMODB, and not in DATA_DIR');
  if (!dataDir) throw new Error('--reset: without DATA_DIR nothing is kept, and every start begins anew');
  emptyFolder(dataDir);
}

/** MaiAgent sends a broadcast only to who has chatted before. */
function chatOnce({ emulator }: Bridge, contactId: string): void {
  if (!emulator || emulator.store.conversationsOf(contactId).length > 0) return;
  emulator.store.addConversation(contactId, { messages: [{ type: 'incoming', content: 'A sample question' }] });
}

/** Stops every child and ends well, also in the middle of the start; a second signal ends at once. */
function stopOnSignal(): { close: () => Promise<void> } {
  const signals = { close: () => Promise.resolve() };
  const stop = async () => {
    await signals.close();
    process.exit(0);
  };
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      void stop();
    });
  }
  return signals;
}

function endWith(error: unknown): never {
  console.error(`contact-bridge: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

/** What was asked for on the command line. Throws one line for anything that this program does not take. */
function readOptions() {
  try {
    return parseArgs({
      options: { check: { type: 'boolean' }, reset: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    // Node goes on about positional arguments, which this program does not take either.
    const [what = ''] = (error as Error).message.split('. ');
    throw new Error(`${what}: npm start -- --help shows what there is`, { cause: error });
  }
}

try {
  const { values } = readOptions();
  if (values.help) console.log(help);
  else await run(values);
  // Outright: left to itself, Node.js may wait without an end for a last write to a child that is gone (seen once, with v24.21.0).
  if (values.check) process.exit(0);
} catch (error) {
  endWith(error);
}
