import { createHash } from 'node:crypto';
import { canonicalRequest, FINGERPRINT_VERSION, type PaymentRequest } from '../domain/request.js';

/** `<version>:<SHA-256 of the canonical request>`: equal for equal requests, whatever the order of their keys. */
export function fingerprint(request: PaymentRequest): string {
  return `${FINGERPRINT_VERSION}:${createHash('sha256').update(canonicalRequest(request)).digest('base64url')}`;
}
