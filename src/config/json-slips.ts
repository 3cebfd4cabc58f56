// What people write into JSON that JSON does not have: comments, and a comma after the last entry. Looks at text that did
// not parse, to say why; decides nothing. INVARIANT: what it says quotes nothing of the text, which may hold a secret.

export interface JsonSlip {
  readonly why: string;
  readonly mend: string;
  /** Index into the text. */
  readonly at: number;
}

/** A string of one line, the start of a comment, or a comma before a closing bracket: whichever comes first. */
const TOKEN = /"(?:[^"\\\n]|\\.)*"?|\/[/*]|^[^\S\n]*#|,(?=\s*[}\]])/gm;

/** The first slip outside strings, or undefined. */
export function findJsonSlip(text: string): JsonSlip | undefined {
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token.startsWith('"')) continue;
    if (token === ',') {
      return { why: 'a comma after the last entry', mend: 'remove it: JSON has none there', at: index };
    }
    const mend = 'JSON has no comments: remove it, or write the file as YAML (`.yaml`), where `#` starts one';
    return { why: 'a comment', mend, at: index + token.length - token.trimStart().length };
  }
  return undefined;
}
