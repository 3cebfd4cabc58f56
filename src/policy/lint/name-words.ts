// A name taken apart into lower-case words: `deleteFile`, `delete_file`, `fs.DELETE-file` are `delete`, `file`. Pure.

const LONGEST = 512;

/** attacker-controlled: `name`. */
export function wordsOf(name: string): readonly string[] {
  return name
    .slice(0, LONGEST)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

export function hasWord(words: readonly string[], wanted: ReadonlySet<string>): boolean {
  return words.some((word) => wanted.has(word) || (word.endsWith('s') && wanted.has(word.slice(0, -1))));
}

export function wordSet(text: string): ReadonlySet<string> {
  return new Set(text.split(' '));
}
