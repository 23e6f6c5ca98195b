/** The thread's end of `read-archive.ts`: one archive in, one reading out, then it is done. */
import { parentPort, workerData } from 'node:worker_threads';
import { readArchiveHere, type ArchiveJob } from './read-archive.ts';

// The other end is our own code of the same version: nothing of a stranger is in this shape.
void readArchiveHere(workerData as ArchiveJob).then((answer) => parentPort?.postMessage(answer));
