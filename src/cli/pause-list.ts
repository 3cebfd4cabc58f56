// `mcp-guard pause --list`: which servers of a tenant are paused, until when, by whom and why. Reads no file.
import { quoteWord } from '../config/shell-word.ts';
import { listPauses, type Pauses } from '../policy/pause.ts';
import { stringifyInert } from './call-json.ts';
import { showCommand } from './command-lines.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { describePause, pauseJson } from './pause-words.ts';
import { makePaint } from './render.ts';
import { wrapWords } from './text-width.ts';

export interface PauseListOptions {
  /** Only of this one; undefined: of all. */
  readonly server?: string | undefined;
  readonly json?: boolean | undefined;
  readonly tenant: string;
}

/** @param options behind the commands that are named @param nowMs wall clock @returns the exit code: 0 */
export function runPauseList(
  { server, json, tenant }: PauseListOptions,
  io: CliIo,
  { pauses, nowMs, commandOptions }: { pauses: Pauses; nowMs: number; commandOptions: string },
): number {
  const found = listPauses(pauses, nowMs).filter((one) => server === undefined || one.server === server);
  if (json === true) {
    for (const one of found)
      io.stdout.write(`${stringifyInert({ tenant, config: one.config, server: one.server, ...pauseJson(one) })}\n`);
    return 0;
  }
  if (found.length === 0) {
    const what = server === undefined ? 'nothing is paused' : `\`${makeInert(server)}\` is not paused`;
    io.stdout.write(`${wrapWords(what, io.columns).join('\n')}\n`);
    return 0;
  }
  const paint = makePaint(io.color);
  for (const [index, one] of found.entries()) {
    const text = `${makeInert(one.server)}: ${describePause(one)}, in ${makeInert(one.config)}`;
    const [first = '', ...rest] = wrapWords(text, io.columns);
    const end = `mcp-guard pause ${quoteWord(one.server)} --end${commandOptions}`;
    io.stdout.write(`${index === 0 ? '' : '\n'}${[paint('warn', first), ...rest].join('\n')}\n`);
    io.stdout.write(showCommand(end, io.columns));
  }
  return 0;
}
