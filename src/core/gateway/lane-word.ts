// How a server behind a gateway stands, in a word for a person, and why, where nothing else says it. Pure.
import type { ServerWord, WordStanding } from '../../ports/guard-status.ts';
import type { Lane } from './lane.ts';

/** @param lane undefined: it is in the config no more */
export function laneStanding(lane: Lane | undefined): WordStanding {
  const word = laneWord(lane);
  // what has ended, or could not be started, is the last error of its process
  const why = word === 'rejected' ? lane?.why : lane?.settings.refusal?.text;
  return { word, why };
}

/** Undefined where its process says it all. */
function laneWord(lane: Lane | undefined): ServerWord | undefined {
  if (lane === undefined) return 'left';
  const { refusal } = lane.settings;
  if (refusal !== undefined) return refusal.reason === 'not_approved' ? 'unapproved' : 'no start';
  switch (lane.state) {
    case 'idle':
    case 'stopping':
      return lane.state === 'stopping' || lane.isStopped ? 'idle' : 'on demand';
    case 'starting':
      return lane.isLate ? 'late' : undefined;
    case 'away':
      return 'restarting';
    case 'down':
      if (lane.isRejected) return 'rejected';
      return lane.isLooping ? 'crash loop' : 'down';
    case 'up':
      return undefined;
  }
}
