// When a server that keeps ending is started again, how soon, and when no more. Counts the exits of a while; knows no process.
import type { RestartSettings } from './settings.ts';

export class CrashWindow {
  /** Monotonic ms. */
  #exits: number[] = [];

  /** Another command is to be started: these were not its exits. */
  forget(): void {
    this.#exits = [];
  }

  /** Counts one exit. @returns whether it may be started again */
  admits({ maxExits, withinMs }: RestartSettings, nowMs: number): boolean {
    this.#exits = this.#exits.filter((at) => nowMs - at < withinMs);
    this.#exits.push(nowMs);
    return this.#exits.length < maxExits;
  }

  /** Before the next start, in ms: doubles with each exit in the window. */
  delayMs({ firstDelayMs, maxDelayMs }: RestartSettings): number {
    return Math.min(maxDelayMs, firstDelayMs * 2 ** (this.#exits.length - 1));
  }

  /** For a person, once it is given up; undefined where it ended but once. */
  describe(name: string, { withinMs }: RestartSettings, isTriedLater = false): string | undefined {
    if (this.#exits.length < 2) return undefined;
    const seconds = Math.round(withinMs / 1000);
    return `\`${name}\` exited ${this.#exits.length} times within ${seconds} s and is not started again${isTriedLater ? ' for now' : ''}: its own stderr may say why (\`restart\` in the config sets the limit)`;
  }
}
