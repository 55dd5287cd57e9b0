// The smallest BullMQ worker: prints `ready` when it can take jobs. Environment: REDIS_PORT.
import { Worker } from 'bullmq';

const worker = new Worker('idle', async () => {}, {
  connection: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null },
  concurrency: 64,
});
await worker.waitUntilReady();
console.log('ready');
process.on('SIGTERM', () => process.exit(0));
