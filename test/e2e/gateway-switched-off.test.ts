// A server behind a gateway that ends at every start: once its breaker is open a call has its answer at once, though no session could be asked.
import { expect, it } from 'vitest';
import { entryOf, startGateway } from './gateway-stage.ts';
import { Yard } from './guarded.ts';

it('a call that waited and one that comes later are refused by the open breaker', async () => {
  const yard = new Yard();
  try {
    const dies = { command: process.execPath, args: ['-e', 'process.exit(1)'], restart: { firstDelayMs: 50 } };
    const client = startGateway(yard, { ok: entryOf(Yard.server('echo'), yard.home), dies });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
    client.write(`${JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })}\n`);
    client.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'dies__x', arguments: {} } })}\n`,
    );
    const waited = await client.until((line) => line.includes('"id":1,'));
    client.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'dies__x', arguments: {} } })}\n`,
    );
    const later = await client.until((line) => line.includes('"id":2,'));
    for (const line of [waited, later]) {
      expect(line).toContain('"reason":"breaker_open","rule":"breaker.server.open"');
      expect(line).toContain('has switched off the MCP server `dies`');
    }
    await client.end();
    const said = client
      .stderr()
      .split('\n')
      .filter((line) => line.includes('`dies` is switched off for '));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(': it exited 3 times (the last time: code 1);');
  } finally {
    expect(await yard.close()).toEqual([]);
  }
});
