// Where the token files of this machine are known to lie, as it is kept: the document, and one more place in it. Pure; knows no file.
import { isJsonObject, type Json } from '../../wire/json.ts';

export interface TokenFiles {
  readonly version: 1;
  /** Absolute; the last that was made or presented first. */
  readonly paths: readonly string[];
}

export const NO_TOKEN_FILES: TokenFiles = { version: 1, paths: [] };
/** Each request is looked at for each of them. */
export const MOST_TOKEN_FILES = 128;
const LONGEST_PATH = 4_096;

/** The same value where it stands in front. @param isThere what is gone makes room first */
export function addTokenFile(files: TokenFiles, path: string, isThere: (path: string) => boolean): TokenFiles {
  if (files.paths[0] === path || path.length > LONGEST_PATH) return files;
  const others = files.paths.filter((one) => one !== path);
  const kept = others.length < MOST_TOKEN_FILES ? others : others.filter(isThere);
  return { version: 1, paths: [path, ...kept].slice(0, MOST_TOKEN_FILES) };
}

/** Undefined for whatever is not exactly such a document. */
export function readTokenFiles(value: unknown): TokenFiles | undefined {
  // untyped input enters here: what came out of `JSON.parse` is JSON
  const json = value as Json | undefined;
  if (!isJsonObject(json) || json.version !== 1 || !Array.isArray(json.paths)) return undefined;
  const paths: readonly Json[] = json.paths;
  const texts = paths.filter((path) => typeof path === 'string' && path.length <= LONGEST_PATH);
  if (texts.length < paths.length || paths.length > MOST_TOKEN_FILES) return undefined;
  return { version: 1, paths: texts.map(String) };
}
