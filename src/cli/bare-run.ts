// Knows the one command line that hosts start over and over, `mcp-guard run -- <command>`, so that it need not load the
// parser of all others. A test holds it to what that parser makes of the same words.

export const DEFAULT_TENANT = 'default';

/** The server's command, where this is a `run` without a single option; undefined for everything else. */
export function bareRunWords(argv: readonly string[]): readonly string[] | undefined {
  return argv[2] === 'run' && argv[3] === '--' && argv.length > 4 ? argv.slice(4) : undefined;
}
