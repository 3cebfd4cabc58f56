// The bytes that an effect stands for, made only now that it is carried out. Knows no stream.
import type { Effect } from '../core/effects.ts';

type ToClient = Pick<Extract<Effect, { type: 'to_client' }>, 'bytes' | 'batch'>;

export function bytesOf({ bytes }: Pick<ToClient, 'bytes'>): Buffer {
  return typeof bytes === 'function' ? bytes() : bytes;
}

/** Undefined: a part of a batch that is not whole yet. */
export function bytesForClient(effect: ToClient): Buffer | undefined {
  const bytes = bytesOf(effect);
  return effect.batch === undefined ? bytes : effect.batch.add(bytes);
}
