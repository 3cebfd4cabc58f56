// The entry: runs the command line, and turns what comes of it into an exit status. Holds the only process.exit and the
// only top-level catch.
import { isGuardError, showError } from '../guard-error.ts';
import { showInert } from '../wire/inert-text.ts';
import { readRunLine } from './bare-run.ts';
import { LastWords } from './last-words.ts';
import type { RunFlags } from './run.ts';

/** Runs the command line of this process to its end. */
export async function start(): Promise<void> {
  // A reader that left (`mcp-guard audit tail | head`) is an ending, not a crash.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  let status = 0;
  let isDrained = false;
  const line = readRunLine(process.argv);
  const lastWords: LastWords = new LastWords((error) => process.exit(explain(error, lastWords)));
  const run = (words: readonly string[], flags: RunFlags) => runServer(words, flags, lastWords);
  try {
    if (line === undefined) {
      const { createProgram } = await import('./program.ts');
      const program = createProgram((result, hasDrained) => {
        status = result;
        isDrained = hasDrained === true;
      }, run);
      await program.parseAsync(process.argv);
    } else {
      isDrained = true;
      status = await run(line.words, line.flags);
    }
  } catch (error) {
    status = explain(error, lastWords);
  }
  if (!isDrained) await drain(process.stdout);
  process.exit(process.exitCode ?? status);
}

async function runServer(words: readonly string[], flags: RunFlags, lastWords: LastWords): Promise<number> {
  return (await import('./run.ts')).runServer(words, flags, lastWords);
}

/** Says on stderr what went wrong and how to mend it. @returns the exit status */
function explain(error: unknown, lastWords: LastWords): number {
  const say = (text: string) => write(lastWords.mask(text));
  if (isGuardError(error)) {
    say(showError(error));
    return error.exitCode;
  }
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 64;
  if (error instanceof Error && error.name === 'StatePathError') {
    say(error.message);
    return 74;
  }
  say(
    `this is a defect of mcp-guard itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return 70;
}

function write(text: string): void {
  const lines = text.split('\n').map(showInert);
  process.stderr.write(`mcp-guard: ${lines.join('\n')}\n`);
}

/** Commander has already said what was wrong with the command line; help and version are no errors. */
function isCommanderError(error: unknown): error is Error & { exitCode: number } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

/**
 * Nothing that was written may be lost to the exit: a pipe takes its bytes later than `write` returns. After a command a
 * reader has all the time it wants (`audit tail | less`); after a session, which has waited for its client already, none.
 */
function drain(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else {
      stream.once('error', () => resolve());
      stream.write('', () => resolve());
    }
  });
}
