// An approval says what of it a ceiling of this machine denies all the same.
import { expect, test } from 'vitest';
import { listLines } from '../../src/cli/approval-screen.ts';
import { noteCeilings } from '../../src/cli/ceiling-notes.ts';
import type { Restriction } from '../../src/config/restriction.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { policyOf } from '../config/compiled.ts';
import { makeScope } from '../policy/scope/make-scope.ts';
import { CONFIG, pictureOf } from './approval-scene.ts';

const WIDER: JsonObject = {
  ...CONFIG,
  scopes: { files: { grants: [{ tool: 'read_*' }, { tool: 'wipe' }, { method: 'vendor/*' }] } },
};

function notesOf(restrictions: readonly Restriction[]) {
  const picture = pictureOf(WIDER, { known: { files: { tools: ['wipe', 'read_file'] } } });
  return { picture, notes: noteCeilings(policyOf(WIDER), picture.diff, restrictions, 0) };
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
