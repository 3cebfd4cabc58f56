// All breakers of one server in a word or two, for a screen that has no room for more. Knows no settings and no time.
import type { Board } from './board.ts';

/** The server's own state first; then the tools that a call would not simply reach. */
export function showBoardWord({ server, tools }: Pick<Board, 'server' | 'tools'>): string {
  if (server.kind !== 'closed') return server.kind;
  const count = (kind: string): number => tools.filter(({ state }) => state.kind === kind).length;
  const isolated = count('isolated');
  const open = count('open') + count('half_open');
  const words = [
    ...(isolated === 0 ? [] : [`${isolated} isolated`]),
    ...(open === 0 ? [] : [`${open} ${open === 1 ? 'tool' : 'tools'} open`]),
  ];
  return words.length === 0 ? 'closed' : words.join(', ');
}
