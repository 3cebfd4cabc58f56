// What a constraint looks like in a config, and what its rules ask of the world. Types and one list; knows no rule.
import type { Json, JsonScalar } from '../../wire/json.ts';

/** Every kind of rule, in the order they are checked: cheap ones first. */
export const CONSTRAINT_KINDS = [
  'absent',
  'equals',
  'oneOf',
  'maxLength',
  'min',
  'max',
  'prefix',
  'pattern',
  'sql',
  'host',
  'schema',
  'within',
] as const;
export type ConstraintKind = (typeof CONSTRAINT_KINDS)[number];

/** All that are given must hold. None: the argument must be there, and may be anything. */
export interface ConstraintDocument {
  readonly equals?: JsonScalar | undefined;
  readonly oneOf?: readonly JsonScalar[] | undefined;
  readonly pattern?: string | undefined;
  readonly prefix?: string | undefined;
  readonly maxLength?: number | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly within?: readonly string[] | undefined;
  readonly host?: readonly string[] | undefined;
  readonly sql?: 'read-only' | undefined;
  readonly absent?: true | undefined;
  readonly schema?: Readonly<Record<string, Json>> | undefined;
  /** The argument may be missing. It is no rule: where it is there, the rules hold. */
  readonly optional?: boolean | undefined;
}

export interface ConstraintPorts {
  /** Linear-time (RE2) test of a *whole* text. Throws where the source is no pattern. */
  compilePattern(source: string): (text: string) => boolean;
  /**
   * The canonical form of an absolute path without `.` and `..`: every link of it resolved, also the last and dangling ones;
   * what does not exist stays as it stands. Undefined where it cannot be known for the server, too.
   */
  realPath(path: string): string | undefined;
  /** Absolute. The home of the server: what `~` stands for. */
  readonly homeDir: string;
  /**
   * Absolute directories that the server may count a relative path from: its working directory first, then what its command names
   * (command-paths.ts). Its home counts as well, without being listed.
   */
  bases(): readonly string[];
  readonly windows: boolean;
  /**
   * What a directory is, and when an entry of it was last made, removed or renamed: equal texts, the same entries. Undefined where
   * that cannot be known, or where it changed so lately that the next change might bear the same time.
   */
  directoryState?(path: string): string | undefined;
  /** What `~name` stands for: absolute; undefined where this machine knows no such user. */
  homeOf?(user: string): string | undefined;
  /** A variable of the server's environment. Undefined where it has none, or nobody knows. */
  variable?(name: string): string | undefined;
  /** Of an absolute path whose real path is not known: whether a link on the way is another for each process. */
  isPerProcess?(path: string): boolean;
  /** Whether an absolute directory, links resolved, holds no entry of this name. False where that cannot be known. */
  isAbsent?(directory: string, name: string): boolean;
  /** The same three for one moment: each directory is looked at once. To be let go before anything else can happen. */
  atOnce?(): Required<Pick<ConstraintPorts, 'realPath' | 'isPerProcess' | 'isAbsent'>>;
}
