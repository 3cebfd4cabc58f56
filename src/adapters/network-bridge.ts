// Inside a sandbox without a network: the words before a command that bring it to a gate (network-gate.ts), and what the command is told
// of it. Text and argv only: starts nothing. What goes through is the gate's to decide: whoever leaves the bridge out reaches nothing.

/** Where the sandbox shows the gate's socket. */
export const GATE_INSIDE = '/run/mcp-guard-gate.sock';
/** The sandbox's own: nothing else listens there before its command runs. */
const PORT = 3128;

/**
 * `socat` listens before the command starts, and ends with the sandbox. It holds no descriptor of the command's: whoever waits for the end
 * of stdout would wait for it.
 */
const SCRIPT = `
socat=$1 socket=$2 port=$3 shown=$4
shift 5
"$socat" "TCP4-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" "UNIX-CONNECT:$socket" </dev/null >/dev/null 2>&1 &
round=0
until grep -qs ":$shown 00000000:0000 0A" /proc/net/tcp; do
  round=$((round + 1))
  [ $round -lt 200 ] || { echo 'mcp-guard: the bridge to the network did not open' >&2; exit 126; }
  sleep 0.01 || sleep 1
done
exec "$@"
`;

/** INVARIANT: begins with an absolute path, and everything behind it is the command. @param socat absolute */
export function bridgePrefix(socat: string): readonly string[] {
  const shown = PORT.toString(16).toUpperCase().padStart(4, '0');
  return ['/bin/sh', '-c', SCRIPT, 'mcp-guard-bridge', socat, GATE_INSIDE, String(PORT), shown, '--'];
}

/** A gate speaks HTTP and SOCKS on one port. Programs that know none of these variables reach nothing. @param token of the gate */
export function bridgeEnvironment(token: string, domains: readonly string[]): Readonly<Record<string, string>> {
  const gate = `srt:${token}@127.0.0.1:${PORT}`;
  // its own listeners are its own business, unless the machine's are among the domains
  const direct = domains.some((domain) => /^localhost(:|$)|\.localhost(:|$)/.test(domain)) ? '' : 'localhost,127.0.0.1';
  const both = {
    HTTP_PROXY: `http://${gate}`,
    HTTPS_PROXY: `http://${gate}`,
    ALL_PROXY: `socks5h://${gate}`,
    NO_PROXY: direct,
  };
  const lower = Object.entries(both).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { ...both, ...Object.fromEntries(lower), NODE_USE_ENV_PROXY: '1' };
}
