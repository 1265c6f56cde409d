import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Log } from '../../platform/log.ts';
import type { Database } from '../../prisma/client.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';
import { findCanvasAccess } from '../features/access/service.ts';
import type { LogName } from '../features/canvas-log/service.ts';
import { redeemTicket } from '../features/tickets/service.ts';
import type { Visitor } from './connection.ts';
import { largestMessage, mostConnections, mostOpening } from './limits.ts';

export interface UpgradeOptions {
  readonly database: Database;
  /** Exact values of the Origin header that may connect. */
  readonly origins: readonly string[];
  readonly log: Log;
  /** Sockets that are open now. */
  readonly countConnections: () => number;
  /** Sockets that this user has open on this canvas now are fewer than allowed. */
  readonly hasRoomFor: (visitor: Visitor) => boolean;
  /** Notices of changed access so far ([X3]). */
  readonly noticeCount: () => number;
  readonly onOpen: (opened: OpenedSocket) => void;
}

export interface OpenedSocket {
  readonly socket: WebSocket;
  readonly stream: Duplex;
  readonly visitor: Visitor;
  readonly name: LogName;
  /** `noticeCount` from before the role was read: when it has grown, the role may be old. */
  readonly noticesBefore: number;
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
}

/**
 * Handles the `upgrade` event of an HTTP server: rules [U1] to [U6]. What a person's browser must be told is told with
 * a close code after the handshake; what no honest page does is refused before it.
 */
export function createUpgradeHandler(
  options: UpgradeOptions,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessage,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const opening = new Map<string, number>();

  return (request, socket, head) => {
    // Whatever happens to the raw socket before the handshake must not end the process.
    socket.on('error', () => socket.destroy());
    const origin = request.headers.origin;
    if (origin === undefined || !options.origins.includes(origin)) return refuse(socket, 403);
    const target = parseTarget(request.url ?? '');
    if (target === null) return refuse(socket, 404);
    const address = request.socket.remoteAddress ?? '';
    const already = opening.get(address) ?? 0;
    if (already >= mostOpening || options.countConnections() >= mostConnections) return refuse(socket, 429);

    opening.set(address, already + 1);
    const noticesBefore = options.noticeCount();
    admit(options, target)
      .catch((error: unknown): Refusal => {
        options.log.error({ err: error }, 'a socket could not be admitted');
        return { code: closeCodes.unavailable, reason: 'the database cannot be reached' };
      })
      .then((answer) => {
        if (socket.destroyed) return;
        server.handleUpgrade(request, socket, head, (webSocket) => {
          if ('code' in answer) sendAway(webSocket, answer);
          else
            options.onOpen({
              socket: webSocket,
              stream: socket,
              visitor: answer,
              name: target.name,
              noticesBefore,
            });
        });
      })
      .finally(() => {
        const left = (opening.get(address) ?? 1) - 1;
        if (left === 0) opening.delete(address);
        else opening.set(address, left);
      })
      .catch(() => socket.destroy());
  };
}

/** [U2] */
function parseTarget(rawUrl: string): { readonly name: LogName; readonly ticket: string } | null {
  const match = /^\/canvas:([A-Za-z0-9_-]{1,64}):(\d{1,9})(?:\?(.{0,2000}))?$/.exec(rawUrl);
  if (match === null) return null;
  const [, canvasId = '', epoch = '', query = ''] = match;
  return {
    name: { canvasId, epoch: Number(epoch) },
    ticket: new URLSearchParams(query).get('ticket') ?? '',
  };
}

async function admit(
  { database, hasRoomFor }: UpgradeOptions,
  { name, ticket }: { readonly name: LogName; readonly ticket: string },
): Promise<Visitor | Refusal> {
  const grant = await redeemTicket(database, ticket);
  if (grant === null || grant.canvasId !== name.canvasId)
    return { code: closeCodes.notSignedIn, reason: 'no valid ticket' };
  const [access, session] = await Promise.all([
    findCanvasAccess(database, { userId: grant.userId, canvasId: name.canvasId }),
    database.session.findFirst({
      where: { id: grant.sessionId, userId: grant.userId, expiresAt: { gt: new Date() } },
      select: { user: { select: { id: true, name: true } } },
    }),
  ]);
  if (session === null) return { code: closeCodes.notSignedIn, reason: 'the session has ended' };
  if (access === null) return { code: closeCodes.notFound, reason: 'no such canvas' };
  if (access.canvas.epoch !== name.epoch)
    return { code: closeCodes.conflict, reason: 'the canvas was rebuilt' };
  const visitor: Visitor = {
    user: session.user,
    sessionId: grant.sessionId,
    canvasId: name.canvasId,
    role: access.role,
  };
  return hasRoomFor(visitor) ? visitor : { code: closeCodes.tooMany, reason: 'too many open tabs' };
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}

function sendAway(socket: WebSocket, { code, reason }: Refusal): void {
  socket.on('error', () => undefined);
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), 2_000).unref();
}
