// A word as a person can paste it into a POSIX shell. Pure.

/** Quoted only where a shell would not take it as it stands. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
