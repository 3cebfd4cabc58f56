// Starts the server behind a floor and ties both ends of life together. Must not touch the bytes: the floors do.
import { spawn } from 'node:child_process';

/** What follows `--` on the command line, as a child process with piped stdin and stdout. */
export function startUpstream(onEnd = () => {}) {
  const [command, ...args] = process.argv.slice(process.argv.indexOf('--') + 1);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const end = (code) => {
    onEnd();
    process.exit(code);
  };
  child.stdin.on('error', () => {}); // the exit that follows says it
  process.stdout.on('error', () => end(0));
  process.on('SIGTERM', () => end(0));
  child.on('exit', (code) => end(code ?? 1));
  return child;
}

/** Writes with back-pressure: while `to` is full, `from` is not read. */
export function forward(bytes, from, to) {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
