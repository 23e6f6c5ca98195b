const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/sandbox/fixtures/'],
};

/** Files named *.nock.test.ts replace the network of their process, so they have processes of their own. */
const NOCK = '\\.nock\\.test\\.ts$';
const plain = { ...shared, setupFiles: ['<rootDir>/test/jest/plain-setup.ts'] };

export default {
  projects: [
    {
      ...plain,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['e2e', 'stages', 'faults', 'release']
        .map((room) => `<rootDir>/test/${room}/`)
        .concat(NOCK),
    },
    {
      ...shared,
      displayName: 'nock',
      runner: '<rootDir>/test/jest/nock-runner.js',
      setupFilesAfterEnv: ['<rootDir>/test/jest/nock-setup.ts'],
      testMatch: ['<rootDir>/test/**/*.nock.test.ts'],
    },
    { ...plain, displayName: 'stages', testMatch: ['<rootDir>/test/stages/**/*.test.ts'] },
    { ...plain, displayName: 'faults', testMatch: ['<rootDir>/test/faults/**/*.test.ts'] },
    { ...plain, displayName: 'release', testMatch: ['<rootDir>/test/release/**/*.test.ts'] },
    { ...plain, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
  testTimeout: 60_000,
};
