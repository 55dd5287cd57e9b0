// BullMQ under the load of ./dev bench queue and pickup: one process that enqueues and works, as its documentation has
// it; jobs are removed once they have completed.
//
//   node bullmq.mjs queue|pickup PORT JOBS IN_FLIGHT
//
// PORT is of a Redis on this machine. Prints one JSON object.
import { createRequire } from 'node:module';
import { argv, env, exit } from 'node:process';

// The packages are where ./dev has put them, not beside this file.
const { Queue, Worker } = createRequire(`${env.PEERS_FOLDER}/`)('bullmq');

const [, , mode, port, jobs, inFlight] = argv;
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const total = Number(jobs);
const width = Number(inFlight);
const jobOptions = { removeOnComplete: true, removeOnFail: true };
const idleMs = 5;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const payload = (number) => ({ userId: `user-${number % 1000}`, projectId: `project-${number}`, prompt: `A work that is not written, number ${number}.` });

async function threeProgressWrites(job) {
    for (const percent of [25, 50, 75]) await job.updateProgress(percent);
}

async function queueLoad() {
    const queue = new Queue('load', { connection });
    await queue.waitUntilReady();
    let completed = 0;
    let allCompleted;
    const end = new Promise((resolve) => (allCompleted = resolve));
    const worker = new Worker('load', threeProgressWrites, { connection, concurrency: width });
    worker.on('error', (error) => console.error(error.message));
    worker.on('completed', () => ++completed === total && allCompleted());
    await worker.waitUntilReady();
    await sleep(200);

    const began = performance.now();
    let next = 0;
    const callers = Array.from({ length: width }, async () => {
        while (next < total) await queue.add('job', payload(next++), jobOptions);
    });
    await Promise.all(callers);
    const enqueued = performance.now();
    await end;
    const ended = performance.now();

    const left = await queue.getJobCounts('wait', 'active', 'failed', 'delayed');
    if (Object.values(left).some((count) => count > 0)) throw new Error(`jobs are left: ${JSON.stringify(left)}`);
    await worker.close();
    await queue.close();
    return { jobs_per_s: (total / (ended - began)) * 1000, enqueues_per_s: (total / (enqueued - began)) * 1000 };
}

async function pickupLoad() {
    const queue = new Queue('load', { connection });
    let began = 0;
    let picked;
    const pickups = [];
    const worker = new Worker('load', async (job) => {
        pickups.push(performance.now() - began);
        await threeProgressWrites(job);
    }, { connection, concurrency: width });
    worker.on('error', (error) => console.error(error.message));
    worker.on('completed', () => picked());
    await worker.waitUntilReady();
    await sleep(500);
    for (let number = 0; number < total; ++number) {
        const completed = new Promise((resolve) => (picked = resolve));
        began = performance.now();
        await queue.add('job', payload(number), jobOptions);
        await completed;
        await sleep(idleMs);
    }
    await worker.close();
    await queue.close();
    return { pickup_ms: pickups };
}

console.log(JSON.stringify(mode === 'pickup' ? await pickupLoad() : await queueLoad()));
exit(0);
