import { cutIntoTiles, makeEdgeMap } from '../../../shared/raster/edge-map.ts';
import { type EdgeMapAnswer, edgeMapAskSchema } from './edge-map-messages.ts';

/** Finds edges beside the page, which stays free for the hand. */
self.addEventListener('message', (event: MessageEvent<unknown>) => {
  const { width, height, data } = edgeMapAskSchema.parse(event.data);
  const tiles = cutIntoTiles(makeEdgeMap({ width, height, channels: 4, data }));
  const answer: EdgeMapAnswer = { tiles: [...tiles] };
  self.postMessage(answer, { transfer: [] });
});
