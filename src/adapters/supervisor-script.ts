// The shell program that is parent of the server and outlives the guard. Text only: starts nothing, reads nothing.
//
// Plain POSIX sh (dash, busybox ash, bash, the sh of macOS). `sh -c SCRIPT mcp-guard-supervisor MARKER UNSET COMMAND [ARG…]`,
// as leader of its own session and process group, with the lifeline (a pipe whose other end only the guard holds) as fd 3.
//
// INVARIANT: COMMAND is an absolute path. A bare word could name a builtin (`exec`, `eval`) and run inside the supervisor.
// INVARIANT: the watcher exists before the server does. If it cannot be forked, the shell ends and no server starts.
// INVARIANT: once the server runs, the watcher alone holds fd 3: when it is killed the guard sees the lifeline end, and ends the run.
// INVARIANT: only the server's tree carries `MCP_GUARD_RUN=…MARKER` in its initial environment. Leader, watcher and the
//   watcher's own children do not, so a search for carriers never finds the searcher.
//
// The server is the *foreground* child: a background child of a non-interactive shell gets SIGINT and SIGQUIT ignored and
// its stdin from /dev/null. It gets its stderr in a subshell: dash redirects before it forks, and would write "Killed" there. Hence the leader cannot close its copies of stdin and stdout while the server runs.

/** Names the carrier variable. Its value is a dot-separated list of markers, the innermost guard last. */
export const markerVariable = 'MCP_GUARD_RUN';

/** Signals that a server may send to its whole group (`kill 0`) and that must end neither leader nor watcher. */
const groupSignals = 'HUP INT QUIT USR1 USR2 PIPE ALRM TERM';

// Grace between TERM and KILL: 8 × 50 ms; left early once nothing is left. 40 rounds bound the hunt for what forks.
const watcher = String.raw`
  trap '' ${groupSignals}
  exec </dev/null 4>&-
  cd /
  marker=$1 leader=$$
  read -r _ <&3
  exec 3<&-
  PATH=/usr/bin:/bin:$PATH LC_ALL=C
  export PATH LC_ALL

  carriers() {
    for found in $(grep -lsF -e "$marker" /proc/[0-9]*/environ); do
      found=\${found#/proc/}
      echo "\${found%/environ}"
    done
  }
  processes() { # one "pid ppid pgid" a line
    if [ -r /proc/self/status ]; then
      grep -sE '^(PPid|NSpgid):' /proc/[0-9]*/status | while IFS=': 	' read -r path key value _; do
        path=\${path#/proc/}
        case $key in PPid) parent=$value ;; NSpgid) echo "\${path%/status} $parent $value" ;; esac
      done
    else
      ps -A -o pid= -o ppid= -o pgid=
    fi
  }
  strays() { # descendants of the group that are not in it
    table=$(processes) tree=' ' before=
    while [ "$tree" != "$before" ]; do
      before=$tree
      while read -r pid parent group; do
        case "$tree" in *" $pid "*) continue ;; esac
        if [ "$group" = "$leader" ]; then
          tree="$tree$pid "
        else
          case "$tree" in *" $parent "*) tree="$tree$pid "; echo "$pid" ;; esac
        fi
      done <<TABLE
$table
TABLE
    done
  }
  birth() { # what tells a process from a later one with the same id
    if [ -r "/proc/$1/stat" ]; then
      born=$(cat "/proc/$1/stat") && set -- \${born##*) } && echo "\${20}"
    else
      ps -o lstart= -p "$1"
    fi
  }

  alive() { # a zombie that init has not reaped yet is not
    if [ -r /proc/self/status ]; then grep -qs '^State:.[^ZX]' "/proc/$1/status"; else kill -0 "$1"; fi
  }

  hunted=
  for pid in $(strays); do
    born=$(birth "$pid" | tr ' ' _)
    [ -z "$born" ] || hunted="$hunted $pid=$born"
    kill -TERM "$pid"
  done
  kill -TERM -"$leader"
  kill -CONT -"$leader"
  round=0
  while [ $round -lt 8 ] && { alive "$leader" || [ -n "$(carriers)" ]; }; do
    sleep 0.05 || sleep 1
    round=$((round + 1))
  done
  for entry in $hunted; do
    [ "$(birth "\${entry%%=*}" | tr ' ' _)" != "\${entry#*=}" ] || kill -KILL "\${entry%%=*}"
  done
  round=0
  while [ $round -lt 40 ] && found=$(carriers) && [ -n "$found" ]; do
    kill -KILL $found
    round=$((round + 1))
  done
  kill -KILL -"$leader"
`.replaceAll('\\$', '$');

/**
 * The leader ends with the server's status, 128 + n where signal n ended it. The watcher lives on in the group, which keeps
 * the group's id from being given to somebody else, until the guard kills the group or the lifeline ends.
 */
export const supervisorScript = `
trap : ${groupSignals}
exec 4>&2 2>/dev/null
(${watcher}) >/dev/null &
exec 3<&-
unset $2
${markerVariable}=\${${markerVariable}:+$${markerVariable}.}$1
export ${markerVariable}
shift 2
(exec 2>&4 4>&-; exec "$@")
exit $?
`;
