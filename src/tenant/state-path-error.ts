// A path of the state directory that cannot be used. Knows no path.

/** `message` says what, why and how to mend it; the caller gives it its error code. */
export class StatePathError extends Error {
  override readonly name = 'StatePathError';
}
