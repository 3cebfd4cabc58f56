// The program of a network gate: it lets what it is connected to reach the domains that are named, and nothing else, by
// @anthropic-ai/sandbox-runtime. Text only: a process of its own runs it (network-gate.ts), outside of the server's sandbox and inside one
// that holds nothing of the guard.
//
// `node --input-type=module -e SCRIPT ENTRY DOMAINS`: where the package begins, absolute, and a JSON list. Says `{"socket":…,"token":…}`
// in one line on stdout once it is open, then one line for each of the first 32 kinds of connection that it refused.
//
// Of the package only the proxies and the bridge to them are used: what it would need beyond (its own bubblewrap, ripgrep, seccomp) is
// named `true`, so that it looks for none of them. Source: its types, 0.0.78.

export const networkGateScript = `
const [entry, domains] = process.argv.slice(1);
const { pathToFileURL } = await import('node:url');
const { SandboxManager } = await import(pathToFileURL(entry).href);
const unused = '/bin/true';
const told = new Set();
process.stdout.on('error', () => process.exit(0));
await SandboxManager.initialize({
  network: { allowedDomains: JSON.parse(domains), deniedDomains: [], strictAllowlist: true },
  filesystem: { disabled: true, denyRead: [], allowWrite: [], denyWrite: [] },
  bwrapPath: unused,
  ripgrep: { command: unused },
  seccomp: { applyPath: unused, argv0: 'unused' },
});
const socket = SandboxManager.getLinuxHttpSocketPath();
const token = SandboxManager.getProxyAuthToken();
if (!socket || !token) throw new Error('the proxy has no socket or no token');
process.stdout.write(JSON.stringify({ socket, token }) + '\\n');
SandboxManager.getSandboxViolationStore().subscribe((all) => {
  const line = String(all.at(-1)?.line ?? '').slice(0, 300);
  if (line === '' || told.has(line) || told.size === 32) return;
  told.add(line);
  process.stdout.write(JSON.stringify({ refused: line }) + '\\n');
});
`;
