const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  // GitHub's parser imports JSON without an import attribute, about which Jest would complain in each process.
  moduleNameMapper: { '/(workflow|action)-v1\\.0\\.min\\.json$': '<rootDir>/test/jest/$1-schema.ts' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/sandbox/fixtures/'],
};

/** Files named *.nock.test.ts replace the network of their process, so they have processes of their own. */
const NOCK = '\\.nock\\.test\\.ts$';

const plain = { ...shared, setupFiles: ['<rootDir>/test/jest/plain-setup.ts'] };

/** All tests of a folder; those that start workers get the workflows bundled once. */
const room = (name) => ({
  ...plain,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  ...(STARTS_WORKERS.includes(name) ? { globalSetup: '<rootDir>/test/jest/bundle-once.ts' } : {}),
});

const STARTS_WORKERS = ['golden', 'e2e', 'faults'];
const ROOMS = ['stages', 'golden', 'e2e', 'faults', 'release', 'tools'];

export default {
  projects: [
    {
      ...plain,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [...ROOMS.map((name) => `<rootDir>/test/${name}/`), NOCK],
    },
    {
      ...shared,
      displayName: 'nock',
      runner: '<rootDir>/test/jest/nock-runner.js',
      setupFilesAfterEnv: ['<rootDir>/test/jest/nock-setup.ts'],
      testMatch: ['<rootDir>/test/**/*.nock.test.ts'],
    },
    ...ROOMS.map(room),
  ],
  testTimeout: 60_000,
};
