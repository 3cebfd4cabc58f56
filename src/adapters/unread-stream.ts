// Keeps the output of a child process whole until somebody reads it. Knows nothing of the child but whether it has ended.
import type { Readable } from 'node:stream';

/**
 * Two parties resume a stream that nobody reads, and what arrives is lost: execa one turn after the spawn (`buffer: false`), and node when
 * the child exits. A `readable` listener makes the stream look read. It goes away, and the choice of mode is the consumer's, as soon as a
 * consumer listens, pipes, iterates, or (while the child runs) calls `resume()`. After the end, `destroy()` is the way to discard.
 */
export function holdUnread(stream: Readable, hasEnded: () => boolean): void {
  function hold(): void {}
  function release(): void {
    stream.off('newListener', onListener);
    stream.off('resume', onResume);
    stream.off('readable', hold);
  }
  function onListener(event: string | symbol): void {
    if (event === 'data' || event === 'readable') release();
  }
  function onResume(): void {
    if (hasEnded()) return;
    release();
    // The first call met our listener and changed nothing.
    stream.resume();
  }
  stream.on('readable', hold);
  stream.on('newListener', onListener);
  stream.on('resume', onResume);
}
