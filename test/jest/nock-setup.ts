import { afterAll } from '@jest/globals';
import nock from 'nock';
import { requireProcessOf } from './process-kind.ts';

requireProcessOf('nock');

// Several of these files share a process, and nock keeps its state from one to the next.
afterAll(() => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
  nock.restore();
});
