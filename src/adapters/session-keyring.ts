// A session keyring of its own for a server that is a user of its own: else it has that of whoever started the guard, and what lies in it.
// Node.js has no way to ask the kernel for one; perl has, and is there on most systems. Starts nothing. Source: keyctl(2), session-keyring(7).
import { resolveCommand } from './command-path.ts';

/** The system's own directories: what a tenant could have put into PATH is not asked. */
const SYSTEM_PATH = '/usr/bin:/bin';
/** The number of keyctl(2), by `process.arch`. */
const KEYCTL: Readonly<Record<string, number>> = {
  ...{ x64: 250, ia32: 288, arm64: 219, arm: 311, riscv64: 219, loong64: 219, ppc64: 271, s390x: 280 },
};

/**
 * Where the kernel has no keyrings, or lets nobody at them (EPERM, ENOSYS), the server cannot reach them either.
 * INVARIANT: else the server does not start in the old one.
 */
const SCRIPT = String.raw`
my $number = shift;
if (syscall($number + 0, 1, 0) == -1 && $! != 1 && $! != 38) {
  print STDERR "mcp-guard: cannot give the server a session keyring of its own: $!\n";
  exit 126;
}
exec { $ARGV[0] } @ARGV;
exit 126;
`;

/**
 * Before the words that make another user of it: what that user has left running can read the keyring of all that is that user.
 * TRUST: it is started with an environment in which perl finds no order. Empty where there is no perl. INVARIANT: begins with an absolute path
 */
export function keyringPrefix(path = SYSTEM_PATH, arch: string = process.arch): readonly string[] {
  const perl = resolveCommand('perl', path, '/');
  const number = KEYCTL[arch];
  return perl.found && number !== undefined ? [perl.path, '-e', SCRIPT, '--', String(number)] : [];
}
