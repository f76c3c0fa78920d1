import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { Account } from '../config/index.js';

/**
 * What a customer needs to go on with a payment is a secret: with a client secret, or a redirect that carries one, anybody
 * can. It travels through Temporal's histories sealed under a key made from the account's own Stripe key, so that only
 * those can read it who could ask Stripe for it anyway, and no further key has to be kept.
 *
 * AES-256-GCM. The nonce is an HMAC of the text and of what it belongs to (a synthetic IV, as in RFC 5297), so the same
 * secret always seals the same: a fact that comes twice stays the same fact.
 */
export type Sealer = Pick<Account, 'secretKey'>;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param of what it belongs to, such as an intent's id: it opens for nothing else. */
export function seal(sealer: Sealer, text: string, of: string): string {
  const { key, nonceKey } = keysOf(sealer.secretKey);
  const nonce = createHmac('sha256', nonceKey)
    .update(JSON.stringify([of, text]))
    .digest()
    .subarray(0, NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(of));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The text, or null where the account's key has been replaced since, or it was sealed for something else. */
export function unseal(sealer: Sealer, sealed: string, of: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const { key } = keysOf(sealer.secretKey);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(of))
      .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}

interface Keys {
  readonly key: Buffer;
  readonly nonceKey: Buffer;
}

/** Deriving is not free, and a process has few accounts. */
const derived = new Map<string, Keys>();

function keysOf(secretKey: string): Keys {
  let keys = derived.get(secretKey);
  if (keys === undefined) {
    const bytes = Buffer.from(hkdfSync('sha256', secretKey, 'penstock', 'next action 1', 64));
    keys = { key: bytes.subarray(0, 32), nonceKey: bytes.subarray(32) };
    derived.set(secretKey, keys);
  }
  return keys;
}
