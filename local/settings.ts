import path from 'node:path';
import type { BridgeOptions, MaiAgent } from './bridge.ts';

type Variables = Readonly<Record<string, string | undefined>>;

const portDefault = 3000;
const portMax = 65_535;

/** The source `generic` takes no shorter key: a person chose it, or it was cut short. */
const webhookKeyBytesMin = 32;

/** The options that the environment's variables ask for (docs/local.md). Throws one line that says what to do. */
export function bridgeOptionsOf(variables: Variables): BridgeOptions {
  const { PORT, DYNAMODB, DATA_DIR, ORIGINS, WEBHOOK_SECRET } = variables;
  return {
    port: portOf(PORT || String(portDefault)),
    dynamoDb: engineOf(DYNAMODB || 'embedded'),
    webhookSecret: WEBHOOK_SECRET ? webhookSecretOf(WEBHOOK_SECRET) : undefined,
    dataDir: DATA_DIR ? path.resolve(DATA_DIR) : undefined,
    origins: ORIGINS ? ORIGINS.split(',').map(originOf) : undefined,
    maiAgent: maiAgentOf(variables),
  };
}

function refuse(line: string): never {
  throw new Error(line);
}

function portOf(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= portMax) return Number(text);
  const such = `such as PORT=${portDefault + 1} npm start`;
  return refuse(`PORT is "${text}": give a number up to ${portMax}, or 0 for any free port, ${such}`);
}

function originOf(text: string): string {
  const given = text.trim();
  if (URL.canParse(given) && new URL(given).origin === given) return given;
  return refuse(
    `ORIGINS has "${given}": give the origins of your sites with commas between them, such as https://www.corp.example`,
  );
}

function engineOf(text: string): BridgeOptions['dynamoDb'] {
  if (text === 'embedded' || text === 'dynamodb-local') return text;
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text);
  return refuse(`DYNAMODB is "${text}": give embedded, dynamodb-local or an address such as http://localhost:8000`);
}

/** As the sample sender and the source `generic` both take it. The value itself is never shown. */
function webhookSecretOf(text: string): string {
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (Buffer.from(base64, 'base64').length >= webhookKeyBytesMin) return text;
  const made = `make one with echo whsec_$(openssl rand -base64 ${webhookKeyBytesMin})`;
  return refuse(`WEBHOOK_SECRET is not whsec_ and the base64 of at least ${webhookKeyBytesMin} bytes: ${made}`);
}

/** Undefined for the emulator. A key for another MaiAgent is never guessed, and never sent to the emulator by mistake. */
function maiAgentOf({
  MAIAGENT_BASE_URL: baseUrl,
  MAIAGENT_API_PREFIX: apiPrefix,
  MAIAGENT_API_KEY: apiKey,
  MAIAGENT_INBOX_ID: inboxId,
  MAIAGENT_WEB_CHAT_ID: webChatId,
}: Variables): MaiAgent | undefined {
  if (!baseUrl) {
    if (!apiKey && !inboxId && !apiPrefix && !webChatId) return undefined;
    return refuse(
      'MAIAGENT_BASE_URL is missing: without it the emulator runs, which has its own key, inbox and prefix',
    );
  }
  if (!apiKey) return refuse(`MAIAGENT_API_KEY is missing: give the key for ${baseUrl}`);
  if (!inboxId) return refuse(`MAIAGENT_INBOX_ID is missing: give the inbox at ${baseUrl}`);
  return { baseUrl, apiPrefix: prefixOf(apiPrefix || '/api/v1'), apiKey, inboxId, webChatId };
}

function prefixOf(text: string): MaiAgent['apiPrefix'] {
  return text === '/api/v1' || text === '/api'
    ? text
    : refuse(`MAIAGENT_API_PREFIX is "${text}": give /api/v1 or /api`);
}
