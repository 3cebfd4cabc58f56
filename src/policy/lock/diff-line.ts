// One line of the difference of config and lock, as a person reads it before an approval. A type and what its kinds mean; knows no policy.

export interface DiffLine {
  /**
   * `possible`: once it is approved. `starts`: a server may start as it is now written. `holds`: narrower, already in effect. `same`:
   * written otherwise, and decides nothing else.
   */
  readonly kind: 'possible' | 'starts' | 'holds' | 'same';
  readonly server: string | undefined;
  /** Inert. */
  readonly text: string;
}

/** It has no effect before somebody approves it. */
export function isWaiting({ kind }: Pick<DiffLine, 'kind'>): boolean {
  return kind === 'possible' || kind === 'starts';
}
