// What a command may use of the terminal it was started on. Handed in, so that a test is a terminal, too.

export interface TextOut {
  write(text: string): unknown;
}

export interface CliIo {
  readonly stdout: TextOut;
  readonly stderr: TextOut;
  /** Width of a line; Infinity where nothing needs to be cut. */
  readonly columns: number;
  /** False under `NO_COLOR`, `--no-color`, or where stdout is no terminal. */
  readonly color: boolean;
}
