// How many columns text takes, and text cut to fit. Expects inert text. Errs to the wide side, so that nothing wraps.

/** East Asian wide and fullwidth blocks, emoji and pictographs (Unicode UAX 11, widened to whole blocks). */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1b000}-\u{1b2ff}\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

export function measureText(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** At most `width` columns; what is lost is marked by `…`. */
export function cutText(text: string, width: number): string {
  if (width <= 0) return '';
  if (measureText(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    const next = WIDE.test(character) ? 2 : 1;
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return `${kept}…`;
}

/** At most `width` columns, with the middle lost: names of one family differ at their end, too. */
export function cutMiddle(text: string, width: number): string {
  if (measureText(text) <= width) return text;
  const head = cutText(text, Math.min(width, Math.floor(width * 0.4) + 1));
  const characters = [...text].reverse();
  let room = width - measureText(head);
  let tail = '';
  for (const character of characters) {
    room -= WIDE.test(character) ? 2 : 1;
    if (room < 0) break;
    tail = character + tail;
  }
  return head + tail;
}

/** Exactly `width` columns: cut, or filled with blanks on the side away from `align`. */
export function fitText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  return padText(cutText(text, width), width, align);
}

/** As `fitText`, but a name that is too long loses its middle. */
export function fitName(text: string, width: number): string {
  return padText(cutMiddle(text, width), width, 'left');
}

function padText(text: string, width: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, width - measureText(text)));
  return align === 'left' ? text + blanks : blanks + text;
}

/** Lines of at most `width` columns, broken between words; a longer word is broken where it must. */
export function wrapWords(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (measureText(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const character of word) {
      if (line !== '' && measureText(line + character) > width) {
        lines.push(line);
        line = '';
      }
      line += character;
    }
  }
  return [...lines, line];
}
