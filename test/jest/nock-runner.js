import TestRunner from 'jest-runner';

/**
 * Runs test files always in child processes of their own. Jest keeps one pool of processes for each runner, so files of
 * the project `nock` never share a process with another file, not even where Jest would run everything in one process.
 */
export default class NockRunner extends TestRunner {
  runTests(tests, watcher, options) {
    return super.runTests(tests, watcher, { ...options, serial: false });
  }
}
