// Which shell runs the supervisor, and what of an environment it gets.
import { expect, test } from 'vitest';
import { chooseShell } from '../../../src/adapters/shell-choice.ts';

test('an ordinary environment runs under sh, and what sh adds is to be unset', () => {
  expect(chooseShell({ A: '1', HOME: '/h' }, () => true)).toEqual({
    shell: '/bin/sh',
    flags: [],
    env: { A: '1', HOME: '/h' },
    added: ['PWD', 'OLDPWD', 'SHLVL'],
  });
});

test('what the environment already has is not unset', () => {
  expect(chooseShell({ PWD: '/x', SHLVL: '3' }, () => true).added).toEqual(['OLDPWD']);
});

test.each(['a-b', 'x.y', '1A', '', 'BASH_FUNC_kill%%', 'A\nB'])(
  'the name %j needs bash, without start-up files',
  (name) => {
    const choice = chooseShell({ [name]: '1' }, (path) => path === '/usr/bin/bash');
    expect(choice).toMatchObject({ shell: '/usr/bin/bash', flags: ['--norc', '-p'], env: { [name]: '1' } });
  },
);

test('where there is no bash, sh drops such names', () => {
  expect(chooseShell({ 'a-b': '1' }, () => false)).toMatchObject({ shell: '/bin/sh', flags: [] });
});

test.each(['OPTIND', 'SHELLOPTS', 'BASHOPTS'])('`%s` would steer the shell and is left out', (name) => {
  expect(chooseShell({ [name]: 'noexec', A: '1' }, () => true).env).toEqual({ A: '1' });
});
