// What somebody else's error says, as text. Knows no code and no kind of error.

/** attacker-controlled where a server or a file has its words in it: whoever shows it makes it inert. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
