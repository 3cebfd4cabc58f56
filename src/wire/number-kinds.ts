// Numbers of a document that was read: which of them can be a count, and which a moment. Knows no document.

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Milliseconds since the epoch: the moments that a `Date` holds (ECMA-262, section 21.4.1.1). */
export function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}
