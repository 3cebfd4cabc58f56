// Starts a server on Windows, where there is no supervisor: what a killed guard leaves behind there lives on. Not tested by this suite.
import { execa } from 'execa';
import type { ExitStatus, UpstreamCommand, UpstreamProcess } from '../ports/upstream.ts';
import { holdUnread } from './unread-stream.ts';

/** execa finds `.cmd` and `.exe` by PATHEXT and escapes the arguments of `.cmd` files; no shell of ours is involved. */
export function spawnOnWindows(command: UpstreamCommand): UpstreamProcess {
  const child = execa(command.command, [...command.args], {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: { ...command.env },
    extendEnv: false,
    buffer: false,
    encoding: 'buffer',
    reject: false,
    cleanup: false,
    stripFinalNewline: false,
    windowsHide: true,
    stdio: ['pipe', 'pipe', command.stderr],
  });
  const { pid, stdin, stdout, stderr } = child;
  stdin.on('error', () => {});
  for (const stream of [stdout, stderr]) {
    if (stream !== null) holdUnread(stream, () => child.exitCode !== null || child.signalCode !== null);
  }
  const exited = new Promise<ExitStatus>((settle) => {
    child.once('exit', (code) => settle({ kind: 'exited', code: code ?? 1 }));
    child.once('error', (error) => {
      if (pid === undefined)
        settle({
          kind: 'unstartable',
          reason: `cannot start \`${command.command}\`: ${error.message}: check the command and PATH`,
        });
    });
  });
  /** There is no signal to ask with: the tree is ended, `/T` with its descendants. */
  function killTree(): void {
    if (pid !== undefined)
      execa('taskkill', ['/PID', String(pid), '/T', '/F'], { reject: false, stdio: 'ignore', windowsHide: true });
  }
  return { pid, stdin, stdout, stderr: stderr ?? undefined, exited, terminate: killTree, kill: killTree };
}
