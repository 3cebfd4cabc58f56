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
  ['npx', 'npx'],
  ['/', 'server'],
  ['npx -y Ünïcode_Server', 'n-code-server'],
  // the value of an option that is not known could be a secret
  ['npx --registry-token hunter2 pkg', 'npx'],
  ['npx.cmd --registry-token hunter2 pkg', 'npx'],
  ['npx --registry-token=hunter2 pkg', 'pkg'],
  ['npx -- pkg --token hunter2', 'pkg'],
  ['npx -t hunter2', 'npx'],
  ['pnpm -w dlx hunter2', 'pnpm'],
  ['npm --otp hunter2 exec pkg', 'npm'],
  ['yarn dlx --token hunter2', 'yarn'],
  ['bunx --token hunter2 pkg', 'bunx'],
  ['bunx --bun pkg', 'pkg'],
  ['uvx --token hunter2 pkg', 'uvx'],
  ['uv --token hunter2 run x.py', 'uv'],
  ['uv run --token hunter2 x.py', 'uv'],
  ['uv tool run --token hunter2 x', 'uv'],
  ['uv run --with mcp python -c hunter2', 'python'],
  ['pipx run --token hunter2 pkg', 'pipx'],
  ['docker run -it --token hunter2 mcp/time', 'docker'],
  ['docker run -it -eTOKEN=hunter2 mcp/time', 'docker'],
  ['docker run -it --rm mcp/time --token hunter2', 'time'],
  ['node --token hunter2 app.js', 'node'],
  ['tsx --token hunter2 app.ts', 'tsx'],
  ['deno run --token hunter2 app.ts', 'deno'],
  ['deno run -r app.ts hunter2', 'app'],
  ['python3 --token hunter2 -m foo', 'python3'],
  ['python3 --token hunter2 app.py', 'python3'],
  ['python3 app.py -m hunter2', 'app'],
  ['env --token hunter2 npx pkg', 'env'],
  ['env -i TOKEN=hunter2 npx pkg', 'pkg'],
  // code, or a command line in one piece
  ['node -e hunter2', 'node'],
  ['node --eval hunter2', 'node'],
  ['node --eval=x hunter2', 'node'],
  ['node -p hunter2', 'node'],
  ['node --print=x hunter2', 'node'],
  ['bun -p x hunter2', 'bun'],
  ['bun -e hunter2', 'bun'],
  ['python3 -c hunter2', 'python3'],
  ['npx -c hunter2', 'npx'],
  ['npx --call=x hunter2', 'npx'],
  ['npm exec -c hunter2', 'npm'],
  ['sh -c hunter2', 'sh'],
  // what stands in a URL beside its path
  ['npx git+https://user:hunter2@example.com/a/name.git#v1', 'name'],
  ['npx https://example.com/name.tgz?token=hunter2', 'name-tgz'],
  ['npx https://hunter2@example.com', 'npx'],
  ['deno run https://example.com/name.ts?token=a/hunter2', 'name'],
  ['deno run https://hunter2@example.com/index.ts', 'index'],
])('%s is %s', (line, name) => {
  const [command = '', ...args] = line.split(' ');
  expect(nameServer(command, args)).toBe(name);
});

test('a command line in one piece is not taken apart', () => {
  expect(nameServer('cmd', ['/c', 'npx pkg --token hunter2'])).toBe('cmd');
  expect(nameServer('env', ['-S', 'npx pkg --token hunter2'])).toBe('env');
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
