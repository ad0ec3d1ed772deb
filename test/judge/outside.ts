import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { startEmulator, type Emulator } from '../../local/emulator/server.ts';
import { inboxId } from '../rigs/real-parts.ts';

/** `npm start` as anybody runs it, seen from outside over HTTP alone, and a MaiAgent that does not end with it. */
export class Outside {
  readonly emulator: Emulator;
  readonly url: string;
  webhookSecret = newSecret();
  readonly #folder = mkdtempSync(join(tmpdir(), 'contact-bridge-judge-'));
  #bridge: ChildProcess | undefined;

  private constructor(emulator: Emulator, port: number) {
    this.emulator = emulator;
    this.url = `http://127.0.0.1:${port}`;
    process.once('exit', () => void this.kill());
  }

  static async start(): Promise<Outside> {
    const emulator = await startEmulator({ apiKey: 'sampleKey', inboxes: [{ id: inboxId, name: 'Sample inbox' }] });
    const outside = new Outside(emulator, await freePort());
    await outside.#startBridge();
    return outside;
  }

  /** Starts the bridge on the tables that the last one left behind, and waits until it says that it is ready. */
  async #startBridge(): Promise<void> {
    const env = {
      ...process.env,
      PORT: new URL(this.url).port,
      DATA_DIR: this.#folder,
      WEBHOOK_SECRET: this.webhookSecret,
      MAIAGENT_BASE_URL: this.emulator.url,
      MAIAGENT_API_KEY: this.emulator.apiKey,
      MAIAGENT_INBOX_ID: inboxId,
    };
    // A group of its own, so that one signal ends the bridge with all its functions.
    const bridge = spawn(process.execPath, ['local/start.ts'], { env, detached: true, stdio: ['ignore', 'pipe', 2] });
    this.#bridge = bridge;
    let said = '';
    bridge.stdout?.on('data', (chunk: Buffer) => void (said += chunk.toString()));
    while (!/^ready /m.test(said)) {
      if (bridge.exitCode !== null) throw new Error(`the bridge ended: ${said}`);
      await setTimeout(50);
    }
    bridge.stdout?.removeAllListeners('data').resume();
  }

  /** Ends everything of the bridge at once, without a warning, as when the machine fails. */
  async kill(): Promise<void> {
    const { pid, exitCode } = this.#bridge ?? {};
    if (!this.#bridge || pid === undefined || exitCode !== null) return;
    const ended = once(this.#bridge, 'exit');
    process.kill(-pid, 'SIGKILL');
    await ended;
  }

  /** The next bridge has another secret of the user store, as after a rotation. */
  async restart(): Promise<void> {
    await this.kill();
    this.webhookSecret = newSecret();
    await this.#startBridge();
  }

  async token(sub: string, scope?: string): Promise<string> {
    const { token } = await this.#local('token', { sub, ...(scope !== undefined && { scope }) });
    return String(token);
  }

  /** Lets the schedules come that are due within this time. */
  async advance(advanceMs: number): Promise<void> {
    await this.#local('clock', { advanceMs });
  }

  async #local(route: string, body: object): Promise<Record<string, unknown>> {
    const key = await fetch(`${this.url}/local/key`, { signal: AbortSignal.timeout(15_000) });
    const bearer = await key.text();
    const answer = await fetch(`${this.url}/local/${route}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    return (await answer.json()) as Record<string, unknown>;
  }

  async close(): Promise<void> {
    await this.kill();
    await this.emulator.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
