// Names of servers that nobody named.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nameServer } from '../../src/config/server-name.ts';

test.each<[string, string]>([
  ['npx -y @modelcontextprotocol/server-filesystem@1.2 /tmp', 'server-filesystem'],
  ['npx @modelcontextprotocol/server-everything', 'server-everything'],
  ['npx --yes mcp-remote@latest https://example.com/mcp', 'mcp-remote'],
  ['npx -p @scope/tools server-memory', 'server-memory'],
  ['npx.cmd -y some-server', 'some-server'],
  ['/usr/bin/npx some-server', 'some-server'],
  ['C:\\node\\npx.cmd some-server', 'some-server'],
  ['npx github:owner/repo#main', 'repo'],
  ['bunx some-server', 'some-server'],
  ['npm exec -- some-server', 'some-server'],
  ['npm exec some-server@2', 'some-server'],
  ['pnpm dlx @a/some-server', 'some-server'],
  ['yarn dlx some-server', 'some-server'],
  ['bun run src/weather.ts', 'weather'],
  ['npm start', 'start'],
  ['node /x/y/server.js', 'server'],
  ['node ./files/dist/index.js', 'files'],
  ['node ./dist/index.js', 'index'],
  ['node /srv/github-mcp/build/src/index.mjs', 'github-mcp'],
  ['node --import ./hook.mjs -r dotenv/config app.js', 'app'],
  ['node --max-old-space-size=100 app.js', 'app'],
  ['node', 'node'],
  ['tsx watch src/main.ts', 'main'],
  ['deno run -A npm:@scope/thing@1', 'thing'],
  ['deno run -A server.ts', 'server'],
  ['uvx mcp-server-git', 'mcp-server-git'],
  ['uvx --from git+https://github.com/a/b.git mcp-b', 'mcp-b'],
  ['uvx mcp-server-time==1.0', 'mcp-server-time'],
  ['uv run server.py', 'server'],
  ['uv --directory /x run weather', 'weather'],
  ['uv run --with mcp python -m foo.bar', 'foo-bar'],
  ['uv tool run mcp-server-git', 'mcp-server-git'],
  ['pipx run mcp-server-git', 'mcp-server-git'],
  ['python -m foo.bar', 'foo-bar'],
  ['python3.11 -u -m mcp_server_git --repository .', 'mcp-server-git'],
  ['python -W ignore weather.py -m x', 'weather'],
  ['python3 my_server/__main__.py', 'my-server'],
  ['docker run -i --rm -e TOKEN ghcr.io/github/github-mcp-server:1.2', 'github-mcp-server'],
  ['docker run -i --rm -v /a:/b mcp/fetch@sha256:abcdef', 'fetch'],
  ['podman run --name x mcp/time', 'time'],
  ['env A=1 B=2 npx some-server', 'some-server'],
  ['env -u A -C /x uvx mcp-a', 'mcp-a'],
  ['cmd /c npx -y some-server', 'some-server'],
  ['/opt/bin/github-mcp-server stdio', 'github-mcp-server'],
  ['./server.sh', 'server'],
  ['C:\\Tools\\Thing.EXE', 'thing'],
  ['java -jar /x/thing.jar', 'java'],
  ['npx', 'server'],
  ['/', 'server'],
  ['npx -y Ünïcode_Server', 'n-code-server'],
])('%s is %s', (line, name) => {
  const [command = '', ...args] = line.split(' ');
  expect(nameServer(command, args)).toBe(name);
});

test('is always a legal id, whatever the command', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'npx',
      'uv',
      'run',
      'python',
      '-m',
      'env',
      'cmd',
      '/c',
      'docker',
      '@a/b@1',
      '-'.repeat(80),
      'a'.repeat(80),
    ),
  );
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 6 }), (command, args) => {
      expect(nameServer(command, args)).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/);
    }),
  );
});
