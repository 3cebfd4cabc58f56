// Takes out of an answer's line what the policies want taken out, and leaves every other byte. Adds nothing; decides nothing.
import type { Line, RequestId, ResponseMessage } from '../wire/message.ts';
import { type Edit, memberRemovalEdits, removalEdits, spliceLine, valueSpan } from '../wire/splice.ts';
import type { Narrowing, ResultPath } from './interceptor.ts';

/**
 * The line without what `narrowings` name, LF included. Several policies may name the same thing; one inside another goes with it.
 * @param id the id that the line gets; undefined: it keeps its own
 * @throws RangeError where a path leads nowhere: nothing is guessed
 */
export function narrowLine(
  line: Line<ResponseMessage>,
  narrowings: readonly Narrowing[],
  id: RequestId | undefined,
): Buffer {
  const { text } = line;
  const indexes = new Map<string, { path: ResultPath; of: Set<number> }>();
  const keys = new Map<string, { path: ResultPath; of: Set<string> }>();
  for (const one of narrowings) {
    if (one.kind === 'remove') {
      const { of } = entry(indexes, one.array, () => new Set<number>());
      for (const index of one.indexes) of.add(index);
    } else if (one.kind === 'drop') {
      const key = one.path.at(-1);
      if (typeof key !== 'string') throw new RangeError('only a member of an object can be dropped');
      entry(keys, one.path.slice(0, -1), () => new Set<string>()).of.add(key);
    }
  }
  const edits: Edit[] = [];
  const add = (found: readonly Edit[]): void => {
    for (const edit of found) edits.push(edit);
  };
  for (const { path, of } of indexes.values()) add(removalEdits(text, spanOf(text, path), of));
  for (const { path, of } of keys.values()) add(memberRemovalEdits(text, spanOf(text, path), of));
  // Edits of one place never nest, and a list may have very many.
  const isOne = indexes.size + keys.size === 1;
  const outer = isOne ? edits : edits.filter((edit) => !edits.some((other) => other !== edit && contains(other, edit)));
  if (id !== undefined) {
    const span = valueSpan(text, ['id']);
    if (span === undefined) throw new RangeError('the line has no `id` to replace');
    outer.push({ span, replacement: JSON.stringify(id) });
  }
  return spliceLine(line, outer);
}

function contains(outer: Edit, inner: Edit): boolean {
  return outer.span.start <= inner.span.start && inner.span.end <= outer.span.end;
}

function entry<T>(
  entries: Map<string, { path: ResultPath; of: T }>,
  path: ResultPath,
  empty: () => T,
): { path: ResultPath; of: T } {
  const key = JSON.stringify(path);
  let found = entries.get(key);
  if (found === undefined) {
    found = { path, of: empty() };
    entries.set(key, found);
  }
  return found;
}

function spanOf(text: string, path: ResultPath): { start: number; end: number } {
  const span = valueSpan(text, ['result', ...path]);
  if (span === undefined) throw new RangeError(`the result has nothing at /${path.join('/')}`);
  return span;
}
