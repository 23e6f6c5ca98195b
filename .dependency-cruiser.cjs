/** The room table of docs/architecture.md, enforced. Each rule says why. */
const only = (from, allowed, comment) => ({
  name: `${from.replaceAll(/[^a-z]+/gi, '-').replace(/^-|-$/g, '')}-imports`,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: [...allowed, from] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'A circle has no first reader.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports is dead.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [
          '\\.d\\.ts$',
          '(^|/)[^/]+\\.config\\.js$',
          // Types only: such imports are gone before this looks.
          '^src/domain/stage/stage-step',
          '^src/domain/evidence/run-evidence',
          '^src/domain/repair/repair-source',
          '^sandbox/actions/services',
          '^src/cli/main',
          '^src/cli/processes/started',
          // Loaded by address, as a thread.
          '^activities/archive-thread',
          '^test/',
          '^bench/',
        ],
      },
      to: {},
    },
    only(
      '^src/domain/',
      ['node_modules/(zod|yaml|fastest-levenshtein|@lezer)/'],
      'The domain is pure: no I/O, no clock, no Node, so that every decision is tested without mocks. Libraries here are pure too.',
    ),
    {
      name: 'domain-has-no-node',
      comment: 'The domain also runs inside the workflow sandbox, where no Node built-in exists.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core'] },
    },
    only(
      '^workflows/',
      ['^src/domain/', 'node_modules/@temporalio/(workflow|common)/'],
      'Workflow code is deterministic: it reaches the world through activities, of which it knows the types only.',
    ),
    {
      name: 'workflow-sandbox-is-pure',
      comment:
        'What the workflows reach at run time is bundled into the sandbox: nothing of Node, GitHub or YAML belongs there.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        path: ['^src/adapters/', '^activities/', 'node_modules/(yaml|octokit|@octokit|probot|pino)/'],
        reachable: true,
      },
    },
    only(
      '^activities/',
      [
        '^src/domain/',
        '^src/adapters/',
        'node_modules/(@temporalio/(activity|common)|zod|lru-cache)/',
        '^(node:)?(crypto|worker_threads|timers/promises)$',
      ],
      'An activity is one effect: what it does is in adapters, what it decides is in the domain.',
    ),
    only(
      '^src/adapters/',
      ['^src/domain/', '^node_modules/', '^(node:)?[a-z_/]+$'],
      'Adapters are thin and know no policy: they import the domain for its words only.',
    ),
    only(
      '^src/intake/',
      ['^src/domain/', '^src/adapters/temporal/', 'node_modules/(probot|pino|zod)/', '^(node:)?http$'],
      'Intake hands over and waits for nobody: it cannot reach GitHub.',
    ),
    only(
      '^src/mcp-server/',
      ['^src/domain/', '^src/adapters/github/', 'node_modules/(zod|@modelcontextprotocol/sdk)/'],
      'A child process with a lent token: it reaches one GitHub, and nothing else of the product.',
    ),
    only(
      '^src/web/',
      ['^src/domain/', '^src/adapters/', '^(node:)?(http|net|crypto)$'],
      'Pages show what is known; they decide nothing and start nothing.',
    ),
    {
      name: 'child-processes',
      comment:
        'Processes are started in two adapters and by the demo only (T28): the service runs nothing of a repository.',
      severity: 'error',
      from: { path: '^(src|activities|workflows)/', pathNot: ['^src/adapters/(temporal|mcp)/', '^src/cli/demo'] },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'sandbox-is-a-stand-in',
      comment: "The sandbox speaks the wire: it shares the domain's words and no code of the product.",
      severity: 'error',
      from: { path: '^sandbox/' },
      to: { path: '^(src|activities|workflows)/', pathNot: '^src/domain/' },
    },
    {
      name: 'product-without-sandbox',
      comment: 'Only the demo knows that there is a sandbox.',
      severity: 'error',
      from: { path: '^(src|activities|workflows)/', pathNot: '^src/cli/demo' },
      to: { path: '^sandbox/' },
    },
    {
      name: 'nock-apart',
      comment:
        'nock replaces the network of its process: only files that have processes of their own may load it (jest.config.js). @sigstore/mock loads one too, at its root.',
      severity: 'error',
      from: { pathNot: ['\\.nock\\.test\\.ts$', '^test/jest/nock-setup', '^node_modules/'] },
      to: { path: ['node_modules/nock/', 'node_modules/@sigstore/mock/dist/index'] },
    },
    {
      name: 'product-without-dev-dependencies',
      comment:
        'A production installation has none: what imports one cannot start there. The demo belongs to a checkout.',
      severity: 'error',
      from: { path: '^(src|activities|workflows)/', pathNot: '^src/cli/demo' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Without its type-only imports: what is left is what runs. `import type` is written everywhere (verbatimModuleSyntax).
    tsPreCompilationDeps: false,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^sandbox/fixtures/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
