import { createHash, createHmac, createSecretKey } from 'node:crypto';

type Secret = string | ArrayBuffer | ArrayBufferView;

/**
 * SHA-256 as the SDK's signer asks for it, a new one for each text. Node gets each key as a key object: given bytes, it first takes them for one and
 * recovers from an exception, which takes four times as long as the HMAC itself, at every request.
 */
export class Sha256 {
  readonly #hash;

  constructor(secret?: Secret) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', keyOf(secret));
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('a hash is used once');
  }
}

function keyOf(secret: Secret) {
  if (typeof secret === 'string') return secret;
  const bytes = ArrayBuffer.isView(secret) ? secret : new Uint8Array(secret);
  return createSecretKey(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
