// What stands before the command of a confined server: another user, its own directories, limits. Text and argv only: starts nothing.
// Each word is an argument of its own; nothing of a config is ever part of a script.
import { TAKE_OVER } from './handed-environment.ts';
import type { ServerUser } from './tenant-places.ts';

export interface Limits {
  readonly openFiles: number;
  /** Counted over all processes of the user: undefined where it is not the server's alone. */
  readonly processes: number | undefined;
  readonly memoryBytes: number | undefined;
}

/**
 * What is open is closed once more (the guard has closed what it inherited, inherited-descriptors.ts; a plain sh can name nine).
 * Where a limit cannot be set, and nothing stricter holds already, the server does not start: 126, and why on stderr. No other does
 * where its working directory is closed to it: it is entered here, as its user, and not before.
 */
const SCRIPT = `
umask 077
limit() {
  ulimit "$1" "$2" 2>/dev/null && return
  held=$(ulimit -H "$1" 2>/dev/null)
  [ "\${held:-unlimited}" != unlimited ] && [ "$held" -le "$2" ] && return
  return 1
}
fail() { echo "mcp-guard: cannot limit $1 to $2" >&2; exit 126; }
[ "$1" = - ] || limit -n "$1" || fail 'open files' "$1"
[ "$2" = - ] || limit -u "$2" || limit -p "$2" || fail processes "$2"
[ "$3" = - ] || limit -d "$3" || fail 'memory (KiB)' "$3"
cwd=$4
shift 4
for fd in /proc/self/fd/*; do
  case \${fd##*/} in [3-9]) eval "exec \${fd##*/}>&-" ;; esac
done
[ "$cwd" = . ] || cd -P -- "$cwd" 2>/dev/null || {
  echo 'mcp-guard: the working directory is closed to the server: open \`cwd\` to its user' >&2
  exit 126
}
unset OLDPWD
while [ "$1" != -- ]; do mkdir -p -- "$1" || exit 126; shift; done
shift
${TAKE_OVER}
[ -z "$TENANT_CANARY" ] || (
  for dir in "$HOME" "$TMPDIR" "$XDG_CONFIG_HOME"; do
    rm -f -- "$dir/canary.txt" 2>/dev/null
    (set -C; printf '%s\\n' "$TENANT_CANARY" >"$dir/canary.txt") 2>/dev/null
  done
)
exec "$@"
`;

/**
 * Its variables are handed past all that stands before it (handed-environment.ts).
 * INVARIANT: begins with an absolute path, and everything behind it is the command. @param cwd `.`: where it is started
 */
export function limitPrefix(limits: Limits, directories: readonly string[], cwd = '.'): readonly string[] {
  const { openFiles, processes, memoryBytes } = limits;
  const kib = memoryBytes === undefined ? undefined : Math.floor(memoryBytes / 1024);
  const words = [openFiles, processes, kib].map((value) => (value === undefined ? '-' : String(value)));
  return ['/bin/sh', '-c', SCRIPT, 'mcp-guard-limits', ...words, cwd, ...directories, '--'];
}

/** No capability is left, none comes back through a setuid program, no group of root's stays. @param setpriv absolute */
export function userPrefix(setpriv: string, { uid, gid }: ServerUser): readonly string[] {
  return [
    setpriv,
    ...['--reuid', String(uid), '--regid', String(gid), '--clear-groups'],
    ...['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'],
  ];
}
