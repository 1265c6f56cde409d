import { Server } from '@hocuspocus/server';
import { z } from 'zod';

/** Stock Hocuspocus, nothing configured but the port: documents live in memory. */
const port = z.coerce.number().parse(process.argv[2]);
const server = new Server({ port, address: '127.0.0.1', quiet: true });
await server.listen();
process.stdout.write('ready\n');
