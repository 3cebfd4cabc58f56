// Knows the command lines that hosts start over and over, `mcp-guard run [options] -- <command>`, so that the parser of all others need
// not be loaded for them. Knows nothing of what the options mean; a test holds it to what that parser makes of the same words.
import type { RunFlags } from './run.ts';

export const DEFAULT_TENANT = 'default';

export interface RunLine {
  /** The server's command; empty where the config names it. */
  readonly words: readonly string[];
  readonly flags: RunFlags;
}

/** Those that take any word as it stands. */
const WITH_VALUE: ReadonlyMap<string, keyof RunFlags> = new Map<string, keyof RunFlags>([
  ['--server', 'server'],
  ['--servers', 'servers'],
  ['--config', 'config'],
  ['--model', 'model'],
  ['--token-file', 'tokenFile'],
  ['--log-file', 'logFile'],
]);

/** Undefined for whatever is not written the plain way: an option twice, `--option=value`, a command without `--` before it. */
export function readRunLine(argv: readonly string[]): RunLine | undefined {
  if (argv[2] !== 'run' || argv.length < 4) return undefined;
  const flags: Record<string, string> = {};
  let at = 3;
  for (let word = argv[at]; word !== undefined && word !== '--'; word = argv[at]) {
    const flag = WITH_VALUE.get(word);
    const value = argv[at + 1];
    if (flag === undefined || flags[flag] !== undefined || value === undefined || !/^[^-]/.test(value))
      return undefined;
    flags[flag] = value;
    at += 2;
  }
  const words = argv.slice(at + 1);
  // `run --` and nothing behind it is a slip
  return argv[at] === '--' && words.length === 0 ? undefined : { words, flags };
}
