import type { LogName } from '../features/canvas-log/service.ts';
import type { Connection } from './connection.ts';
import { Room, type RoomOptions } from './room.ts';

/** The rooms of this process, one a canvas and epoch, made when somebody needs them. */
export class Rooms {
  readonly #options: Omit<RoomOptions, 'name' | 'onClosed'>;
  readonly #rooms = new Map<string, Room>();

  constructor(options: Omit<RoomOptions, 'name' | 'onClosed'>) {
    this.#options = options;
  }

  get size(): number {
    return this.#rooms.size;
  }

  open(name: LogName): Room {
    const key = `${name.canvasId}:${name.epoch}`;
    const found = this.#rooms.get(key);
    if (found !== undefined) return found;
    const room = new Room({
      ...this.#options,
      name,
      onClosed: (closed) => {
        if (this.#rooms.get(key) === closed) this.#rooms.delete(key);
      },
    });
    this.#rooms.set(key, room);
    return room;
  }

  all(): readonly Room[] {
    return [...this.#rooms.values()];
  }

  *connections(): Generator<readonly [Room, Connection]> {
    for (const room of this.#rooms.values()) {
      for (const connection of room.connections) yield [room, connection];
    }
  }

  /** Sends everybody away; the log has all that counts. */
  end(code: number, reason: string): void {
    for (const room of this.all()) room.end(code, reason);
  }
}
