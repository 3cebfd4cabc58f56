// Writes the YAML of a proposal: what is granted as lines, what is not as comments to take over. Pure. attacker-controlled: names and
// descriptions. INVARIANT: a text of the server's is a quoted scalar or stays within its comment line, whatever it holds.
import { showInert } from '../../wire/inert-text.ts';
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import type { ProposedGrant } from './proposal.ts';
import { grantDocument, type ProposedServer, serverDocument } from './proposed-document.ts';

/** What no YAML reader takes for anything but this text. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|~)$/i;
const LONGEST_LINE = 80;
/** Of a comment, behind its indent. */
const NOTE_WIDTH = 66;
const LONGEST_SAID = 120;
/** UTF-16 units of a text that are looked at at all. */
const LONGEST_TEXT = 1_000;
/** Beyond what `showInert` takes for steering: not every reader of YAML takes these as they stand. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\ufeff]/u;

/** `servers.<name>`, from its name on. @param indent of the name */
export function serverYaml(server: ProposedServer, indent: string): readonly string[] {
  return [`${indent}${scalar(server.name)}:`, ...mapping(serverDocument(server), `${indent}  `)];
}

/** `scopes.<name>`, from its name on. */
export function scopeYaml(
  name: string,
  granted: readonly ProposedGrant[],
  held: readonly ProposedGrant[],
  indent: string,
): readonly string[] {
  const inner = `${indent}    `;
  const lines = [`${indent}${scalar(name)}:`, `${indent}  grants:`];
  // with nothing in it the list would be no list as soon as its comments are all there is
  if (granted.length === 0) lines.push(`${inner}- request: roots/list # holds anyway; it keeps this a list`);
  for (const grant of granted) lines.push(...grantYaml(grant, inner));
  if (held.length > 0) lines.push(`${inner}# Not granted. Take the first \`# \` of its lines away to grant one:`);
  for (const grant of held) lines.push(...grantYaml(grant, '').map((line) => `${inner}# ${line}`));
  return lines;
}

function grantYaml(grant: ProposedGrant, indent: string): readonly string[] {
  const [first = '', ...rest] = mapping(grantDocument(grant), `${indent}  `);
  const says = grant.description === undefined ? [] : [`it says: ${cut(inertLine(grant.description))}`];
  const notes = [...grant.notes.map(inertLine), ...says].flatMap(wrap);
  return [`${indent}- ${first.trimStart()}`, ...notes.map((note) => `${indent}  # ${note}`), ...rest];
}

function inertLine(text: string): string {
  return showInert(text.slice(0, LONGEST_TEXT).replace(/\s+/gu, ' ')).trim();
}

function mapping(document: JsonObject, indent: string): readonly string[] {
  return Object.entries(document).flatMap(([key, value]): readonly string[] => {
    const head = `${indent}${scalar(key)}:`;
    const inline = `${head} ${flow(value)}`;
    if (value === undefined || inline.length <= LONGEST_LINE || typeof value !== 'object') return [inline];
    if (isJsonObject(value)) return [head, ...mapping(value, `${indent}  `)];
    if (!Array.isArray(value)) return [inline];
    return [head, ...value.map((item: Json) => `${indent}  - ${flow(item)}`)];
  });
}

function flow(value: Json | undefined): string {
  if (typeof value === 'string') return scalar(value);
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value ?? null);
  const members = Object.entries(value).map(([key, member]) => `${scalar(key)}: ${flow(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function scalar(text: string): string {
  if (PLAIN.test(text) && !WORDS.test(text)) return text;
  const quoted = [...text].map((character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (!UNPRINTABLE.test(character) && showInert(character) === character) return character;
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });
  return `"${quoted.join('')}"`;
}

function hex(code: number, length: number): string {
  return code.toString(16).padStart(length, '0');
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length <= LONGEST_SAID ? text : `${characters.slice(0, LONGEST_SAID - 1).join('')}…`;
}

function wrap(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= NOTE_WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
