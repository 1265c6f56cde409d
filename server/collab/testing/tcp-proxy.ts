import { createServer, createConnection, type Server, type Socket } from 'node:net';

/** A line between two ends of a test that can be cut and mended. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    let proxy: TcpProxy | null = null;
    const server = createServer((socket) => {
      if (proxy === null || proxy.#isCut) {
        socket.destroy();
        return;
      }
      const open = proxy.#sockets;
      const onward = createConnection({ host: '127.0.0.1', port: targetPort });
      for (const end of [socket, onward]) {
        open.add(end);
        end.on('error', () => undefined);
        end.on('close', () => {
          open.delete(end);
          socket.destroy();
          onward.destroy();
        });
      }
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    proxy = new TcpProxy(server, address.port);
    return proxy;
  }

  /** Breaks every connection, and every new one until `mend`. */
  cut(): void {
    this.#isCut = true;
    this.breakAll();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Breaks what is open now. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((settle) => this.#server.close(settle));
  }
}
