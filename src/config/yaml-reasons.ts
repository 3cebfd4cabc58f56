// What the YAML parser says of a text that it cannot read, as far as it may be shown. TRUST: some of its reasons quote the
// text, which may hold a secret, so only what stands here is ever said. Knows no file and no position.

/** Reasons of js-yaml that are fixed texts. One that is not here is not shown: the position remains. */
const FIXED: ReadonlySet<string> = new Set([
  'a line break is expected',
  'a whitespace character is expected after the key-value separator within a block mapping',
  'abnormal merge sequence size',
  'alias node should not have any properties',
  'bad explicit indentation width of a block scalar; it cannot be less than one',
  'bad indentation of a mapping entry',
  'bad indentation of a sequence entry',
  'can not read a block mapping entry; a multiline key may not be an implicit key',
  'can not read an implicit mapping pair; a colon is missed',
  'cannot merge mappings; the provided source object is unacceptable',
  'directives end mark is expected',
  'duplicated mapping key',
  'duplication of a tag property',
  'duplication of an anchor property',
  'end of the stream or a document separator is expected',
  'expected a single document in the stream, but found more',
  'expected hexadecimal character',
  "expected the node content, but found ','",
  'expected valid JSON character',
  'incomplete explicit mapping pair; a key node is missed; or followed by a non-tabulated empty line',
  'missed comma between flow collection entries',
  'missing indentation for block scalar',
  'name of an alias node must contain at least one character',
  'name of an anchor node must contain at least one character',
  'nested arrays are not supported inside keys',
  'null byte is not allowed in input',
  'repeat of a chomping mode identifier',
  'repeat of an indentation width identifier',
  'tab characters must not be used in indentation',
  'the stream contains non-printable characters',
  'unexpected end of the document within a double quoted scalar',
  'unexpected end of the document within a single quoted scalar',
  'unexpected end of the stream within a double quoted scalar',
  'unexpected end of the stream within a flow collection',
  'unexpected end of the stream within a single quoted scalar',
  'unexpected end of the stream within a verbatim tag',
  'unknown escape sequence',
]);

/** How a reason begins that goes on to quote the text, and what is said in its place. */
const QUOTING: readonly (readonly [start: string, said: string])[] = [
  ['unidentified alias ', 'an alias (`*`) without its anchor (`&`): text that begins with `*` needs quotes'],
  ['unknown tag ', 'an unknown tag (`!`): text that begins with `!` needs quotes'],
  ['undeclared tag handle ', 'an unknown tag (`!`): text that begins with `!` needs quotes'],
  ['cannot resolve a node with ', 'a value that its tag (`!`) does not fit'],
  ['unacceptable node kind for ', 'a value that its tag (`!`) does not fit'],
];

/** A reason that quotes nothing, or undefined. */
export function explainYamlReason(reason: unknown): string | undefined {
  if (typeof reason !== 'string') return undefined;
  if (FIXED.has(reason)) return reason;
  return QUOTING.find(([start]) => reason.startsWith(start))?.[1];
}
