// Where a text stops being JSON, and what should stand there. The engine's own message differs from version to version,
// may lack the place, and quotes the text. INVARIANT: what is said here quotes nothing of the text, which may hold a secret.

export interface JsonFault {
  readonly why: string;
  /** Index into the text. */
  readonly at: number;
}

/** What may come next. `first` ones may also be the closing bracket. */
type Expected = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'more' | 'end';

const WHY: Readonly<Record<Expected, string>> = {
  value: 'a value should stand',
  'first value': 'a value or `]` should stand',
  key: 'a key in double quotes should stand',
  'first key': 'a key in double quotes or `}` should stand',
  colon: '`:` should stand',
  more: 'a comma or the closing bracket should stand',
  end: 'nothing should follow',
};

/** RFC 8259; a string holds no bare control characters (of which U+007F to U+009F are none). */
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/** The first fault, or undefined where the text is JSON. A byte order mark at the start is passed over. */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  const closed = (): Expected => (open.length === 0 ? 'end' : 'more');
  for (;;) {
    at = endOf(SPACE, text, at) ?? at;
    if (at >= text.length) return expected === 'end' ? undefined : { why: 'it ends too early', at };
    const sign = text.charAt(at);
    const isFirst: boolean = expected === 'first value' || expected === 'first key';
    const isValue: boolean = expected === 'value' || expected === 'first value';
    const isKey: boolean = expected === 'key' || expected === 'first key';
    let next = at + 1;
    if ((isFirst || expected === 'more') && sign === open.at(-1)) {
      open.pop();
      expected = closed();
    } else if (expected === 'colon' && sign === ':') expected = 'value';
    else if (expected === 'more' && sign === ',') expected = open.at(-1) === '}' ? 'key' : 'value';
    else if (isValue && (sign === '{' || sign === '[')) {
      open.push(sign === '{' ? '}' : ']');
      expected = sign === '{' ? 'first key' : 'first value';
    } else if ((isValue || isKey) && sign === '"') {
      const end = endOf(STRING, text, at);
      if (end === undefined) return { why: 'a string is not closed, or holds what must be escaped', at };
      next = end;
      expected = isKey ? 'colon' : closed();
    } else {
      const end = isValue ? endOf(SCALAR, text, at) : undefined;
      if (end === undefined) return { why: WHY[expected], at };
      next = end;
      expected = closed();
    }
    at = next;
  }
}

function endOf(token: RegExp, text: string, at: number): number | undefined {
  // a copy: `lastIndex` of a shared one would be state of this module
  const sticky = new RegExp(token);
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}
