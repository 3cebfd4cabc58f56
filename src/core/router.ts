// Which server a message of the client is for. With one server there is nothing to choose; with many, this file grows.
import type { UpstreamId } from './events.ts';

export interface Router {
  /** The server that this request or notification goes to. */
  route(): UpstreamId;
  readonly upstreams: readonly UpstreamId[];
}

export function createSingleRouter(upstream: UpstreamId): Router {
  return { route: () => upstream, upstreams: [upstream] };
}
