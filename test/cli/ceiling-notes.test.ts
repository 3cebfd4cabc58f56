// An approval says what of it a ceiling of this machine denies all the same.
import { expect, test } from 'vitest';
import { listLines } from '../../src/cli/approval-screen.ts';
import { noteCeilings } from '../../src/cli/ceiling-notes.ts';
import { compilePolicy } from '../../src/config/compile.ts';
import type { Restriction } from '../../src/config/restriction.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { makeScope } from '../policy/scope/make-scope.ts';
import { CONFIG, pictureOf } from './approval-scene.ts';

const WIDER: JsonObject = {
  ...CONFIG,
  scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'wipe' }, { method: 'vendor/*' }] } },
};

function notesOf(restrictions: readonly Restriction[]) {
  const compiled = compilePolicy({
    document: WIDER,
    variables: {},
    source: { path: '/c', digest: 'd' },
    absolute: (path) => path,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.diagnostics));
  const picture = pictureOf(WIDER, { known: { files: { tools: ['wipe', 'read_file'] } } });
  return { picture, notes: noteCeilings(compiled.policy, picture.diff, restrictions, 0) };
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
