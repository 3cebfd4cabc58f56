// `mcp-guard demo`: the main job on real parts. An official server runs behind the guard, a real SDK client calls it, a
// smuggled line is refused, and the trail shows all of it. Works in directories of its own and removes them.
import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { systemClock } from '../adapters/system-clock.ts';
import { showInert } from '../wire/inert-text.ts';
import { runAuditTail } from './audit-tail.ts';
import { runAuditVerify } from './audit-verify.ts';
import type { CliIo } from './io.ts';
import { makePaint } from './render.ts';
import { openStateTrail } from './state-trail.ts';
import { terminalIo } from './terminal.ts';
import { wrapWords } from './text-width.ts';

const SERVER = '@modelcontextprotocol/server-filesystem';

/** @returns 0 where everything went as it should, 1 where something did not */
export async function runDemo(flags: { readonly color: boolean }): Promise<number> {
  const io = terminalIo(flags.color);
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'mcp-guard-demo-')));
  const say = teller(io);
  try {
    writeFileSync(join(root, 'hello.txt'), 'Hello from a file.\n');
    const guarded = ['run', '--model', 'demo-model', '--', ...serverCommand(root)];
    const env = { ...getDefaultEnvironment(), MCP_GUARD_STATE_DIR: join(root, 'state') };
    say.step(`an official MCP server, behind the guard: mcp-guard run -- npx ${SERVER} <dir>`);
    await makeCalls(guarded, env, root, say);
    say.step('a line that two JSON parsers read differently: `read_text_file` for one, `write_file` for another');
    say.answer(await smuggle(guarded, env, root));
    say.step('mcp-guard audit tail');
    const trail = openStateTrail(join(root, 'state'));
    await runAuditTail({}, io, trail, systemClock.now().wallMs, AbortSignal.abort());
    say.step('mcp-guard audit verify');
    return runAuditVerify({}, io, trail);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The server of this checkout where it has one, else npx fetches it. */
function serverCommand(root: string): string[] {
  try {
    const manifest = createRequire(guardBin()).resolve(`${SERVER}/package.json`);
    return [process.execPath, join(manifest, '..', 'dist', 'index.js'), root];
  } catch {
    return ['npx', '-y', SERVER, root];
  }
}

function guardBin(): string {
  // What this very process was started with.
  return realpathSync(process.argv[1] ?? '');
}

async function makeCalls(
  guarded: readonly string[],
  env: Record<string, string>,
  root: string,
  say: Teller,
): Promise<void> {
  const client = new Client({ name: 'mcp-guard-demo', version: '1.0.0' });
  const args = [guardBin(), ...guarded];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env, stderr: 'ignore' }));
  const { tools } = await client.listTools();
  say.answer(`${client.getServerVersion()?.name ?? 'the server'} offers ${tools.length} tools`);
  const calls: readonly (readonly [string, Record<string, unknown>])[] = [
    ['read_text_file', { path: join(root, 'hello.txt') }],
    ['write_file', { path: join(root, 'notes.txt'), content: 'Written by a tool.' }],
    ['read_text_file', { path: '/etc/passwd' }],
  ];
  for (const [name, input] of calls) {
    say.step(`tools/call ${name} ${JSON.stringify(input).replaceAll(root, '<dir>')}`);
    const { content, isError } = await client.callTool({ name, arguments: input });
    const [first] = Array.isArray(content) ? content : [];
    say.answer(`${isError === true ? 'isError: ' : ''}${String(first?.text ?? '').replaceAll(root, '<dir>')}`);
  }
  await client.close();
}

/** Sends one ambiguous line by hand, as no SDK would. @returns the text of the answer */
function smuggle(guarded: readonly string[], env: Record<string, string>, root: string): Promise<string> {
  const params = `{"name":"read_text_file","name":"write_file","arguments":{"path":"${root}/x","content":"x"}}`;
  const line = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}\n`;
  const child = spawn(process.execPath, [guardBin(), ...guarded], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) child.stdin.end();
    });
    child.once('close', () => {
      // untyped input: our own guard's answer, shown and not interpreted
      const answer: { error?: { code?: number; message?: string } } = JSON.parse(text.split('\n', 1)[0] || '{}');
      resolve(`refused with ${answer.error?.code}: ${answer.error?.message}`);
    });
    child.stdin.write(line);
  });
}

interface Teller {
  step(text: string): void;
  answer(text: string): void;
}

function teller(io: CliIo): Teller {
  const paint = makePaint(io.color);
  /** The first line after `first`, the others two blanks in. */
  const lines = (first: string, text: string) =>
    wrapWords(showInert(text), io.columns - 2).map((line, index) => (index === 0 ? first : '  ') + line);
  return {
    step: (text) => io.stdout.write(`\n${paint('strong', lines('> ', text).join('\n'))}\n`),
    answer: (text) => io.stdout.write(`${lines('  ', text.trim()).join('\n')}\n`),
  };
}
