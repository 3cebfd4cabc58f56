// An approval says what of it a ceiling of this machine denies all the same.
import { expect, test } from 'vitest';
import { listLines } from '../../src/cli/approval-screen.ts';
import { noteCeilings } from '../../src/cli/ceiling-notes.ts';
import { compileCeiling } from '../../src/config/compile-ceiling.ts';
import type { Restriction } from '../../src/config/restriction.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { policyOf } from '../config/compiled.ts';
import { makeScope } from '../policy/scope/make-scope.ts';
import { CONFIG, viewOf } from './approval-scene.ts';

const WIDER: JsonObject = {
  ...CONFIG,
  scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'wipe' }, { method: 'vendor/*' }] } },
};

function notesOf(restrictions: readonly Restriction[], config = WIDER, tools = ['wipe', 'read_file']) {
  const { picture, judgement } = viewOf(config, { known: { files: { tools } } });
  const asked = { policy: policyOf(config), judgement, document: picture.policy, diff: picture.diff };
  return { picture, notes: noteCeilings({ ...asked, restrictions, nowMs: 0 }) };
}

function ceilingOf(document: JsonObject): readonly Restriction[] {
  const input = { document: { version: 1, ...document }, by: '/etc/c.json', word: 'ceiling', portsFor: undefined };
  const compiled = compileCeiling(input);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  return compiled.ceiling.restrictions;
}

test('a name that it denies, and a pattern that it denies as a whole', () => {
  const [denies] = [makeScope({ deny: [{ tool: 'wipe' }] }).denies];
  expect(notesOf([{ by: '/etc/c.json', ofServer: () => ({ denies }) }]).notes).toEqual([
    { server: 'files', text: '`/etc/c.json` keeps back `wipe`' },
  ]);
  const scopes = [[makeScope({ grants: [{ tool: '*' }] })]] as const;
  const { picture, notes } = notesOf([{ by: '/etc/c.json', ofServer: () => ({ scopes }) }]);
  expect(notes).toEqual([{ server: 'files', text: '`/etc/c.json` keeps back method `vendor/*` (as a whole)' }]);
  expect(listLines({ ...picture, ceilings: notes })).toContainEqual({ kind: 'ceiling', ...notes[0] });
});

test('nothing where it denies nothing of what changes', () => {
  expect(notesOf([]).notes).toEqual([]);
  const [denies] = [makeScope({ deny: [{ tool: 'read_file' }, { tool: 'other' }] }).denies];
  expect(notesOf([{ by: 'c', ofServer: () => ({ denies }) }]).notes).toEqual([]);
});

test('each name once for a file, also such as nobody has seen offered', () => {
  const ceiling = {
    deny: [{ tool: 'wipe' }, { request: '*' }, { tool: 'other' }, { tool: 'wipe_*' }],
    scopes: { most: { grants: [{ tool: 'read_*' }] } },
    servers: { '*': { scope: 'most' } },
  };
  const wider = {
    ...CONFIG,
    scopes: { files: { grants: [{ tool: 'w*' }, { tool: 'read_*' }, { request: 'sampling/createMessage' }] } },
  };
  expect(notesOf(ceilingOf(ceiling), wider, []).notes).toEqual([
    {
      server: 'files',
      text: '`/etc/c.json` keeps back `w*` (as a whole), request `sampling/createMessage`, `wipe`',
    },
  ]);
});

test('values that the change moves, and no others', () => {
  const files = { ...CONFIG.servers.files, mode: 'observe', pins: 'off', deadline: { hardMs: 9000 } };
  const ceiling = {
    servers: { '*': { mode: 'enforce', pins: 'deny', breaker: { openMs: 60_000 } }, f: { deadline: { hardMs: 5 } } },
    unlisted: 'deny',
    strict: 'payload',
  } as const;
  const change = { ...CONFIG, unlisted: 'observe', servers: { files } };
  const { notes, picture } = notesOf(ceilingOf(ceiling), change);
  expect(notes).toEqual([
    { server: undefined, text: '`/etc/c.json` keeps `unlisted` at `deny`' },
    { server: 'files', text: '`/etc/c.json` keeps `mode` at `enforce`' },
    { server: 'files', text: '`/etc/c.json` keeps `pins.mode` at `deny`' },
  ]);
  expect(listLines({ ...picture, ceilings: notes })).toContainEqual({ kind: 'ceiling', ...notes[0] });
});

test('of a breaker of all servers, too', () => {
  const change = { ...CONFIG, breaker: { openMs: 1000 } };
  expect(notesOf(ceilingOf({ breaker: { openMs: 60_000 } }), change).notes).toEqual([
    { server: 'files', text: '`/etc/c.json` keeps `breaker.openMs` at `60000`' },
  ]);
});
