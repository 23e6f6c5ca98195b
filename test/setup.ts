import { afterAll } from '@jest/globals';
import nock from 'nock';

afterAll(() => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
  nock.restore();
});
