// Starts one server on this machine, asks it what it offers, ends it, and keeps the answer where every command of `scope` looks for
// it. Decides neither whether it may be started nor what is made of what it says.
import { ErrorOut } from '../adapters/error-out.ts';
import { openInventoryStore } from '../adapters/inventory-store.ts';
import { type ListedServer, listServer } from '../adapters/list-server.ts';
import { NoiseRelay } from '../adapters/noise-relay.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { createSpawner } from '../adapters/spawn-upstream.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { Secret } from '../audit/redact/masker.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import { openSecrecy } from './secrecy.ts';
import { VERSION } from './version.ts';

/** A package may have to be fetched before its server says its first word. */
export const LIST_DEADLINE_MS = 90_000;

/** What the server says beside goes to stderr, with its name. Settles once nothing of it is left. Never rejects. */
export async function listHere(
  name: string,
  command: UpstreamCommand,
  {
    stateDir,
    tenant,
    secrets,
  }: { readonly stateDir: string; readonly tenant: string; readonly secrets: readonly Secret[] },
): Promise<ListedServer> {
  const nowMs = () => Math.trunc(systemClock.now().wallMs);
  const errorOut = new ErrorOut(process.stderr);
  const { masker } = await openSecrecy(secrets);
  const relay = new NoiseRelay({
    writeError: (text) => errorOut.write(text),
    masker,
    now: () => systemClock.now().monoMs,
    timers: systemTimers,
  });
  const listed = await listServer({
    command,
    spawner: createSpawner(),
    timers: systemTimers,
    nowMs,
    deadlineMs: LIST_DEADLINE_MS,
    version: VERSION,
    mask: masker?.maskText,
    onStderr: (text) => relay.relay(name, text),
    onNoise: (line) => relay.show(name, line),
  });
  if (listed.kind === 'listed') {
    const log = { write: (_: string, text: string) => errorOut.write(`mcp-guard: ${text}\n`) };
    const store = openInventoryStore({ stateDir, tenant, log, timers: systemTimers, nowMs });
    store.offer(name, listed.listing);
    await store.idle();
  }
  return listed;
}
