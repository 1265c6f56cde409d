import { WebSocket } from 'ws';

/** A WebSocket class for Node that sends `origin`, as a page of that origin would. */
export function socketFrom(origin: string): typeof globalThis.WebSocket {
  class PageSocket extends WebSocket {
    constructor(url: string | URL) {
      super(url, { origin, perMessageDeflate: false });
    }
  }
  // The parts that y-websocket uses are the same; the DOM's type has more.
  return PageSocket as unknown as typeof globalThis.WebSocket;
}
