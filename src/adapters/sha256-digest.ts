// SHA-256 and salts, as the trail wants them. Knows no record.
import * as crypto from 'node:crypto';
import type { Digest } from '../audit/chain.ts';

const SALT_BYTES = 16;
const POOL_SALTS = 256;

export const sha256Digest: Digest = {
  text: (text) => crypto.hash('sha256', text),
  salted: (salt, payload) =>
    typeof payload === 'string'
      ? crypto.hash('sha256', salt + payload)
      : crypto.createHash('sha256').update(salt).update(payload).digest('hex'),
};

/** 16 random bytes as hex, each handed out once; drawn from the system 256 at a time. */
export function createSaltSource(): () => string {
  const pool = Buffer.alloc(SALT_BYTES * POOL_SALTS);
  let hex = '';
  let next = POOL_SALTS;
  return () => {
    if (next === POOL_SALTS) {
      hex = crypto.randomFillSync(pool).toString('hex');
      next = 0;
    }
    next += 1;
    return hex.slice((next - 1) * SALT_BYTES * 2, next * SALT_BYTES * 2);
  };
}

/** 30 random bits for a segment's name. */
export function randomInteger(): number {
  return crypto.randomInt(2 ** 30);
}
