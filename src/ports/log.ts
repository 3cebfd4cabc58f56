// Where the guard says something to the person who runs it: stderr and the log file, never the wire.

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface Log {
  /**
   * One line, no terminator. Untrusted text in it is made inert by the implementation.
   *
   * @param told where this log is offered to a client, too: what that one reads in its place
   */
  write(level: LogLevel, text: string, told?: string): void;
}
