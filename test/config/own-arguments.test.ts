// What of a command line is the server's own: the options of its launcher are no directories that it works in.
import { expect, test } from 'vitest';
import { ownArguments } from '../../src/config/own-arguments.ts';

test.each<[string, readonly string[]]>([
  ['npx --prefix /opt -y files@1.2.3 /srv', ['/srv']],
  ['npx --prefix=/opt files /srv /home', ['/srv', '/home']],
  ['npx -p files --prefix /opt bin /srv', ['/srv']],
  ['/usr/bin/npx.cmd --prefix /opt files /srv', ['/srv']],
  ['npm exec --prefix /opt files -- /srv', ['--', '/srv']],
  ['uv --directory /opt run files /srv', ['/srv']],
  ['node --require /opt/a.js server.js /srv', ['/srv']],
  ['docker run -v /opt:/opt -w /opt image /srv', ['/srv']],
  ['env -C /opt HOME=/opt npx --prefix /opt files /srv', ['/srv']],
  ['cmd /c npx files /srv', ['/srv']],
  ['python3 -m files /srv', ['/srv']],
  ['python3 /opt/files.py /srv', ['/srv']],
  ['server-filesystem /srv', ['/srv']],
  // nobody can tell whether `/opt` belongs to the option
  ['npx --what /opt files /srv', []],
  ['npx', []],
])('%s', (line, own) => {
  const [command = '', ...args] = line.split(' ');
  expect(ownArguments(command, args)).toEqual(own);
});
