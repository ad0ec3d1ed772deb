import path from 'node:path';
import type { BridgeOptions, MaiAgent } from './bridge.ts';

/** A variable that cannot be used; the message is one line that says what to do. */
class SettingError extends Error {
  override readonly name = 'SettingError';
}

type Variables = Readonly<Record<string, string | undefined>>;

const portDefault = 3000;
const portMax = 65_535;

/** The source `generic` takes no shorter key: a person chose it, or it was cut short. */
const webhookKeyBytesMin = 32;

/** The options that the environment's variables ask for (README, "On a fresh machine"). Throws `SettingError`. */
export function bridgeOptionsOf(variables: Variables): BridgeOptions {
  const maiAgent = maiAgentOf(variables);
  const dataDir = variables['DATA_DIR'];
  const webhookSecret = webhookSecretOf(variables['WEBHOOK_SECRET']);
  return {
    port: portOf(variables['PORT']),
    dynamoDb: engineOf(variables['DYNAMODB']),
    ...(webhookSecret && { webhookSecret }),
    ...(dataDir && { dataDir: path.resolve(dataDir) }),
    ...(maiAgent && { maiAgent }),
  };
}

function portOf(text: string | undefined): number {
  if (!text) return portDefault;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= portMax) return port;
  throw new SettingError(
    `PORT is "${text}": give a number up to ${portMax}, or 0 for any free port, such as PORT=${portDefault + 1} npm start`,
  );
}

function engineOf(text: string | undefined): NonNullable<BridgeOptions['dynamoDb']> {
  if (!text || text === 'embedded') return 'embedded';
  if (text === 'dynamodb-local') return text;
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text);
  throw new SettingError(
    `DYNAMODB is "${text}": give embedded, dynamodb-local or an address such as http://localhost:8000`,
  );
}

/** As the sample sender and the source `generic` both take it. The value itself is never shown. */
function webhookSecretOf(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (Buffer.from(base64, 'base64').length >= webhookKeyBytesMin) return text;
  throw new SettingError(
    `WEBHOOK_SECRET is not whsec_ and the base64 of at least ${webhookKeyBytesMin} bytes: make one with echo whsec_$(openssl rand -base64 ${webhookKeyBytesMin})`,
  );
}

/** Undefined for the emulator. A key for another MaiAgent is never guessed, and never sent to the emulator by mistake. */
function maiAgentOf(variables: Variables): MaiAgent | undefined {
  const {
    MAIAGENT_BASE_URL: baseUrl,
    MAIAGENT_API_PREFIX: apiPrefix,
    MAIAGENT_API_KEY: apiKey,
    MAIAGENT_INBOX_ID: inboxId,
  } = variables;
  if (!baseUrl) {
    if (apiKey || inboxId || apiPrefix)
      throw new SettingError(
        'MAIAGENT_BASE_URL is missing: without it the emulator runs, which has its own key, inbox and prefix',
      );
    return undefined;
  }
  if (!apiKey) throw new SettingError(`MAIAGENT_API_KEY is missing: give the key for ${baseUrl}`);
  if (!inboxId) throw new SettingError(`MAIAGENT_INBOX_ID is missing: give the inbox at ${baseUrl}`);
  return { baseUrl, apiPrefix: prefixOf(apiPrefix), apiKey, inboxId };
}

function prefixOf(text: string | undefined): MaiAgent['apiPrefix'] {
  if (!text) return '/api/v1';
  if (text === '/api/v1' || text === '/api') return text;
  throw new SettingError(`MAIAGENT_API_PREFIX is "${text}": give /api/v1 or /api`);
}
