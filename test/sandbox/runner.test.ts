/**
 * The sandbox's runner against what GitHub Actions does. Sources: docs.github.com/actions ("Workflow syntax", "Contexts",
 * "Expressions", "Reusing workflow configurations"), and actions/runner, whose files are named in `sandbox/actions/runner/`.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sandbox } from '../../sandbox/box.ts';
import type { ActionsRunRecord, JobRecord } from '../../sandbox/github/actions-records.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';

let box: Sandbox;
let count = 0;
beforeAll(async () => {
  box = await Sandbox.start({ kind: true, queueMs: 0 });
});
afterAll(() => box.stop());

const FILE = '.github/workflows/x.yml';
const CHECKOUT = 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1';
const DOWNLOAD = 'actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c';
const UPLOAD = 'actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a';

interface Given {
  readonly inputs?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly visibility?: 'public' | 'private';
  readonly prepare?: (repository: RepositoryRecord) => void;
}

/** A workflow that is dispatched, with these jobs. */
const workflow = (jobs: string, head = ''): string =>
  `on:\n  workflow_dispatch:\n    inputs:\n      word:\n        type: string\n        default: none\n${head}jobs:\n${jobs}`;

/** One job of these steps, on GitHub's machine, with bash as the stage files have it. */
const steps = (text: string, job = ''): string =>
  workflow(`  a:\n    runs-on: ubuntu-24.04\n    defaults: { run: { shell: bash } }\n${job}    steps:\n${text}`);

async function start(
  text: string,
  given: Given = {},
): Promise<{ run: ActionsRunRecord; repository: RepositoryRecord }> {
  const repository = await box.createRepository(`runner-${(count += 1)}`, { visibility: given.visibility ?? 'public' });
  given.prepare?.(repository);
  const files = new Map(Object.entries({ [FILE]: text, 'a.txt': 'one\n', ...given.files }));
  await box.push(repository, 'main', files);
  const { inputs = {} } = given;
  const run = await box.engine.dispatch(repository, { file: 'x.yml', ref: 'main', inputs, actor: box.user('kim') });
  return { run, repository };
}

async function runs(text: string, given: Given = {}): Promise<{ run: ActionsRunRecord; repository: RepositoryRecord }> {
  const started = await start(text, given);
  await box.engine.settle();
  return started;
}

/** A job's log without the times, and without what every log begins with. */
function logOf({ jobs }: ActionsRunRecord, name = 'a'): string[] {
  const log = jobs.find((job) => job.name === name)?.log ?? '';
  return log
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+ /, ''));
}

const said = (job: JobRecord | undefined): string[] => (job?.annotations ?? []).map(({ message }) => message);
const only = ({ jobs }: ActionsRunRecord): JobRecord | undefined => jobs[0];

describe('jobs', () => {
  it('run in the order of their needs, and hand on outputs', async () => {
    const { run } = await runs(
      workflow(`  last:
    needs: [first, second]
    runs-on: ubuntu-24.04
    steps:
      - run: echo "\${{ needs.first.outputs.word }} \${{ needs.second.outputs.word }} \${{ needs.second.result }}"
  second:
    needs: first
    runs-on: ubuntu-24.04
    outputs: { word: "\${{ steps.s.outputs.word }}!" }
    steps:
      - id: s
        run: echo "word=\${{ needs.first.outputs.word }}" >> "$GITHUB_OUTPUT"
  first:
    runs-on: ubuntu-24.04
    outputs: { word: "\${{ steps.s.outputs.word }}" }
    steps:
      - id: s
        run: |
          {
            echo 'word<<END'
            echo hello
            echo END
          } >> "$GITHUB_OUTPUT"
`),
    );
    expect(run.jobs.map(({ name, conclusion }) => `${name} ${conclusion}`)).toEqual([
      'first success',
      'second success',
      'last success',
    ]);
    expect(logOf(run, 'last')).toContain('hello hello! success');
    expect(run.conclusion).toBe('success');
  });

  it('are skipped where one of their needs failed, unless their condition says otherwise', async () => {
    const { run } = await runs(
      workflow(`  fails:
    runs-on: ubuntu-24.04
    steps: [{ run: exit 1 }]
  waits:
    needs: fails
    runs-on: ubuntu-24.04
    steps: [{ run: echo no }]
  after:
    needs: waits
    runs-on: ubuntu-24.04
    steps: [{ run: echo no }]
  cleans:
    needs: fails
    if: \${{ !cancelled() }}
    runs-on: ubuntu-24.04
    steps: [{ run: echo yes }]
  always:
    needs: after
    if: always() && needs.after.result == 'skipped'
    runs-on: ubuntu-24.04
    steps: [{ run: echo yes }]
`),
    );
    expect(Object.fromEntries(run.jobs.map(({ name, conclusion }) => [name, conclusion]))).toEqual({
      fails: 'failure',
      waits: 'skipped',
      after: 'skipped',
      cleans: 'success',
      always: 'success',
    });
    expect(run.conclusion).toBe('failure');
  });

  it('have the token that the file gives them, and no more', async () => {
    const { run } = await runs(
      workflow(
        `  reads:
    permissions: { contents: read }
    runs-on: ubuntu-24.04
    steps: [{ uses: "${CHECKOUT}" }]
  nothing:
    runs-on: ubuntu-24.04
    steps: [{ uses: "${CHECKOUT}" }]
`,
        'permissions: {}\n',
      ),
      { visibility: 'private' },
    );
    expect(run.jobs.map(({ name, conclusion }) => `${name} ${conclusion}`).toSorted()).toEqual([
      'nothing failure',
      'reads success',
    ]);
  });

  it("are taken by a repository's own machine, where it has the label, and say so", async () => {
    const { run } = await runs(steps('      - run: echo "$RUNNER_ENVIRONMENT $RUNNER_NAME"\n'), {
      prepare: ({ selfHosted }) => selfHosted.push({ name: 'cellar', labels: ['self-hosted', 'ubuntu-24.04'] }),
    });
    expect(only(run)?.runner).toMatchObject({ groupId: 1, groupName: 'Default', environment: 'self-hosted' });
    expect(logOf(run)).toContain('self-hosted cellar');
  });

  it("end as cancelled, with GitHub's annotation, when a user cancels the run", async () => {
    const { run } = await start(
      steps('      - run: sleep 60\n      - if: ${{ !cancelled() }}\n        run: echo no\n'),
    );
    while (only(run)?.status !== 'in_progress') await new Promise((resolve) => setTimeout(resolve, 5));
    run.abort.abort(box.user('kim'));
    await box.engine.settle();
    expect(run.conclusion).toBe('cancelled');
    expect(said(only(run))).toEqual(['The run was canceled by @kim.', 'The operation was canceled.']);
    expect(only(run)?.steps.map(({ conclusion }) => conclusion)).toEqual(['success', 'cancelled', 'skipped']);
  });
});

describe('outputs of a job', () => {
  it('A6: are dropped where they hold a secret, which the log says', async () => {
    const { run } = await runs(
      workflow(`  a:
    runs-on: ubuntu-24.04
    outputs: { image: "docker.io/acme/app", tag: v1 }
    steps: [{ run: "echo docker.io/acme/app" }]
  b:
    needs: a
    runs-on: ubuntu-24.04
    steps: [{ run: "echo image=\${{ needs.a.outputs.image }} tag=\${{ needs.a.outputs.tag }}" }]
`),
      { prepare: ({ secrets }) => secrets.set('SLSA_REGISTRY_USERNAME', 'acme') },
    );
    expect(logOf(run, 'a')).toContain('docker.io/***/app');
    expect(said(only(run))).toEqual(["Skip output 'image' since it may contain secret."]);
    expect(logOf(run, 'b')).toContain('image= tag=v1');
  });

  it("fail the job with GitHub's errors above 1 MiB of UTF-16", async () => {
    const outputs = (characters: number): string =>
      workflow(`  a:
    runs-on: ubuntu-24.04
    outputs: { big: "\${{ steps.s.outputs.big }}" }
    steps: [{ id: s, run: "{ printf big=; head -c ${characters} /dev/zero | tr '\\\\0' x; echo; } >> $GITHUB_OUTPUT" }]
`);
    const [fits, exceeds] = await Promise.all([runs(outputs(500_000)), runs(outputs(600_000))]);
    expect([fits.run.conclusion, exceeds.run.conclusion]).toEqual(['success', 'failure']);
    expect(said(only(exceeds.run))).toEqual([
      'Fail to evaluate job outputs',
      'The template is not valid. System.InvalidOperationException: Maximum object size exceeded',
    ]);
  });

  it('are masked in every form that programs print them in', async () => {
    const secret = 'p"ss w/rd';
    const { run } = await runs(
      steps(
        '      - env: { S: "${{ secrets.S }}" }\n        run: |\n          echo "$S"\n          printf %s "$S" | base64\n          jq -n --arg s "$S" \'$s\'\n',
      ),
      { prepare: ({ secrets }) => secrets.set('S', secret) },
    );
    const log = logOf(run).join('\n');
    expect(log).not.toContain(secret);
    expect(log).not.toContain(Buffer.from(secret).toString('base64'));
    expect(log.split('***').length - 1).toBeGreaterThanOrEqual(4);
  });
});

describe('steps', () => {
  it('end a script at its first failure, inside a pipe too where the shell is named', async () => {
    const pipe = '      - run: |\n          false | cat\n          echo reached\n';
    const named = await runs(steps(pipe));
    const unnamed = await runs(workflow(`  a:\n    runs-on: ubuntu-24.04\n    steps:\n${pipe}`));
    expect([named.run.conclusion, unnamed.run.conclusion]).toEqual(['failure', 'success']);
    expect(logOf(named.run)).not.toContain('reached');
    expect(said(only(named.run))).toEqual(['Process completed with exit code 1.']);
  });

  it('may fail where they say so: outcome tells, conclusion does not', async () => {
    const { run } = await runs(
      steps(`      - id: s
        continue-on-error: true
        run: exit 3
      - run: echo "\${{ steps.s.outcome }} \${{ steps.s.conclusion }} \${{ job.status }}"
`),
    );
    expect(run.conclusion).toBe('success');
    expect(logOf(run)).toContain('failure success success');
  });

  it("see the environment of the file, the job and the step, the nearest winning, and never override the runner's", async () => {
    const { run } = await runs(
      workflow(
        `  a:
    runs-on: ubuntu-24.04
    env: { A: job, B: job }
    steps:
      - env: { A: step, GITHUB_SHA: mine, C: "\${{ env.B }}-\${{ inputs.word }}" }
        run: echo "$A $B $C $D \${#GITHUB_SHA}"
      - run: echo "E=kept" >> "$GITHUB_ENV"
      - run: echo "\${{ env.E }} $E"
`,
        'env: { A: file, B: file, D: file }\n',
      ),
      { inputs: { word: 'given' } },
    );
    expect(logOf(run)).toContain('step job job-given file 40');
    expect(logOf(run)).toContain('kept kept');
  });

  it('A5: do not start with a variable of more than 128 KiB', async () => {
    const { run } = await runs(
      steps(`      - id: s
        run: printf 'long=%0140000d\\n' 1 >> "$GITHUB_OUTPUT"
      - env: { LONG: "\${{ steps.s.outputs.long }}" }
        run: echo never
`),
    );
    expect(run.conclusion).toBe('failure');
    expect(said(only(run))[0]).toMatch(/^An error occurred trying to start process 'bash' .*Argument list too long$/);
  });

  it("end with the runner's words where they write what it cannot read", async () => {
    const { run } = await runs(steps('      - run: echo "no equals sign" >> "$GITHUB_OUTPUT"\n'));
    expect(said(only(run))).toEqual([
      "Unable to process file command 'output' successfully.\nInvalid format 'no equals sign'",
    ]);
  });

  it('are ended after their time', async () => {
    const { run } = await runs(steps('      - name: Wait\n        timeout-minutes: 0.005\n        run: sleep 30\n'));
    expect(run.conclusion).toBe('failure');
    expect(said(only(run))).toContain("The action 'Wait' has timed out after 0.005 minutes.");
  });

  it("A1: cannot write where a container's root has written", async () => {
    const lint = 'oxsecurity/megalinter@42bb470545e359597e7f12156947c436e4e3fb9a';
    const { run } = await runs(
      steps(`      - uses: ${CHECKOUT}
      - uses: ${lint}
        env: { JSON_REPORTER: "true" }
      - run: cat megalinter-reports/mega-linter-report.json > copy.json
      - run: echo '{}' > megalinter-reports/mine.json
`),
      { files: { 'b.json': '{ "a": 1 }\n' } },
    );
    expect(run.conclusion).toBe('failure');
    expect(logOf(run).join('\n')).toMatch(/megalinter-reports\/mine\.json: Permission denied/);
    const ended = only(run)?.steps.map(({ conclusion }) => conclusion) ?? [];
    expect(ended.slice(0, 5)).toEqual(['success', 'success', 'success', 'success', 'failure']);
  });
});

describe('actions', () => {
  it('that are not known end the job before its first step', async () => {
    const { run } = await runs(steps(`      - run: echo no\n      - uses: acme/unknown@${'1'.repeat(40)}\n`));
    expect(run.conclusion).toBe('failure');
    expect(said(only(run))).toEqual([
      `Unable to resolve action \`acme/unknown@${'1'.repeat(40)}\`, repository not found`,
    ]);
    expect(logOf(run)).not.toContain('no');
  });

  it('that are known, at a version that is not, do too', async () => {
    const { run } = await runs(steps(`      - uses: actions/checkout@${'1'.repeat(40)}\n`));
    expect(said(only(run))[0]).toContain(`unable to find version \`${'1'.repeat(40)}\``);
  });

  it('warn of inputs that they do not have, and go on', async () => {
    const { run } = await runs(steps(`      - uses: ${CHECKOUT}\n        with: { persist-credential: false }\n`));
    expect(run.conclusion).toBe('success');
    expect(said(only(run))[0]).toMatch(
      /^Unexpected input\(s\) 'persist-credential', valid inputs are \['repository', /,
    );
  });

  it('of the checkout are there only after it', async () => {
    const files = { 'act/action.yml': 'runs: { using: node24, main: m.mjs }\n', 'act/m.mjs': 'console.log("acted")\n' };
    const before = await runs(steps('      - uses: ./act\n'), { files });
    const after = await runs(steps(`      - uses: ${CHECKOUT}\n      - uses: ./act\n`), { files });
    expect(said(only(before.run))[0]).toMatch(/^Can't find 'action\.yml', .*Did you forget to run actions\/checkout/);
    expect(logOf(after.run)).toContain('acted');
  });

  it("leave folders to the runner's user, also those on the way to them", async () => {
    const { run } = await runs(
      steps(
        `      - uses: ${UPLOAD}\n        with: { name: n, path: a.txt }\n`.replace(
          /^/,
          `      - uses: ${CHECKOUT}\n        with: { path: x/y }\n      - run: cp x/y/a.txt a.txt && touch x/b\n`,
        ) + `      - uses: ${DOWNLOAD}\n        with: { name: n, path: down/deep }\n      - run: touch down/c\n`,
      ),
    );
    expect(run.conclusion).toBe('success');
  });

  it('upload nothing where there is nothing, and fail where that is an error', async () => {
    const upload = (more: string): string =>
      steps(`      - uses: ${UPLOAD}\n        with: { path: none.txt${more} }\n`);
    const message = 'No files were found with the provided path: none.txt. No artifacts will be uploaded.';
    const lax = await runs(upload(''));
    const strict = await runs(upload(', if-no-files-found: error'));
    expect([lax.run.conclusion, said(only(lax.run))]).toEqual(['success', [message]]);
    expect([strict.run.conclusion, said(only(strict.run))]).toEqual(['failure', [message]]);
  });

  it('refuse to upload twice by one name', async () => {
    const one = `      - uses: ${UPLOAD}\n        with: { name: x, path: a.txt }\n`;
    const { run, repository } = await runs(steps(`      - uses: ${CHECKOUT}\n${one}${one}`));
    expect(run.conclusion).toBe('failure');
    expect(said(only(run))[0]).toContain('(409) Conflict: an artifact with this name already exists');
    expect(repository.artifacts).toHaveLength(1);
  });
});

describe('a file that GitHub refuses', () => {
  it.each([
    ['is no YAML', 'on: [', /^failed to parse workflow: /],
    ['has an unknown key', steps('      - runs: ls\n'), /Unexpected value 'runs'/],
    [
      'names a context that is not there',
      steps('      - run: echo ${{ nobody.x }}\n'),
      /Unrecognized named-value: 'nobody'/,
    ],
    ['has a step without anything', steps('      - name: x\n'), /./],
    [
      'needs a job that is not there',
      workflow('  a: { runs-on: x, steps: [{ run: ls }] }\n  b: { needs: c, runs-on: x, steps: [{ run: ls }] }\n'),
      /Job 'b' depends on unknown job 'c'/,
    ],
  ])('is refused where it %s, with its words', async (_, text, message) => {
    await expect(start(text)).rejects.toMatchObject({ status: 422, message: expect.stringMatching(message) });
  });
});

describe('a called workflow', () => {
  const CALLED = `on:
  workflow_call:
    inputs: { word: { required: true, type: string } }
    secrets: { PASS: { required: false } }
    outputs: { said: { value: "\${{ jobs.inner.outputs.said }}" } }
jobs:
  inner:
    name: inside
    runs-on: ubuntu-24.04
    permissions: { contents: read }
    outputs: { said: "\${{ steps.s.outputs.said }}" }
    steps:
      - id: s
        env: { PASS: "\${{ secrets.PASS }}", OTHER: "\${{ secrets.OTHER }}" }
        run: echo "said=\${{ inputs.word }} \${#PASS} \${#OTHER} \${{ github.repository }}" >> "$GITHUB_OUTPUT"
`;

  async function calls(job: string, called = CALLED, visibility: 'public' | 'private' = 'public') {
    const library = await box.createRepository(`library-${(count += 1)}`, { owner: 'others', visibility });
    const sha = await box.push(library, 'main', new Map([['.github/workflows/called.yml', called]]));
    const uses = `others/${library.name}/.github/workflows/called.yml@${sha}`;
    const text = workflow(
      `  call:\n    uses: ${uses}\n${job}  after:\n    needs: call\n    runs-on: ubuntu-24.04\n    steps: [{ run: "echo got \${{ needs.call.outputs.said }}" }]\n`,
      'permissions: { contents: read }\n',
    );
    const { run } = await runs(text, {
      prepare: ({ secrets }) => void secrets.set('PASS', 'pass!').set('OTHER', 'other'),
    });
    return { run, uses, sha };
  }

  it("has its own name, its inputs, the secrets that it is handed, and the caller's repository", async () => {
    const { run, uses, sha } = await calls('    with: { word: hi }\n    secrets: { PASS: "${{ secrets.PASS }}" }\n');
    expect(run.jobs.map(({ name }) => name)).toEqual(['call / inside', 'after']);
    expect(logOf(run, 'after').join('\n')).toMatch(/got hi 5 0 acme\/runner-\d+$/m);
    expect(run.referenced).toEqual([{ path: uses, sha }]);
  });

  it.each([
    ['an input is missing', '', CALLED],
    ['an input is unknown', '    with: { word: a, more: b }\n', CALLED],
    ['a secret is unknown', '    with: { word: a }\n    secrets: { MORE: x }\n', CALLED],
    [
      'it asks for more than its caller may',
      '    with: { word: a }\n',
      CALLED.replace('contents: read', 'contents: write'),
    ],
    ['it cannot be called', '    with: { word: a }\n', CALLED.replace('workflow_call', 'workflow_dispatch')],
  ])('is a run that could not start where %s', async (_, job, called) => {
    const { run } = await calls(job, called);
    expect(run).toMatchObject({ conclusion: 'startup_failure', jobs: [] });
  });

  it("A11: is a run that could not start where it is private, and another owner's", async () => {
    const { run } = await calls('    with: { word: a }\n', CALLED, 'private');
    expect(run).toMatchObject({ conclusion: 'startup_failure', jobs: [] });
  });
});

describe('the identity of a job', () => {
  const ASK =
    '      - run: \'[ -n "$ACTIONS_ID_TOKEN_REQUEST_URL" ] && curl --fail --silent --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=x" | jq --raw-output ".value | split(\\".\\")[1] | @base64d"\'\n';

  it('is told to those that may have it, and names the very job', async () => {
    const { run } = await runs(steps(ASK, '    permissions: { id-token: write }\n'));
    const claims = JSON.parse(logOf(run).find((line) => line.startsWith('{')) ?? '{}') as Record<string, string>;
    expect(claims).toMatchObject({
      aud: 'x',
      event_name: 'workflow_dispatch',
      run_attempt: '1',
      runner_environment: 'github-hosted',
      job_workflow_ref: expect.stringMatching(/^acme\/runner-\d+\/\.github\/workflows\/x\.yml@refs\/heads\/main$/),
    });
  });

  it('is not there for others', async () => {
    const { run } = await runs(steps(ASK, '    permissions: { contents: read }\n'));
    expect(run.conclusion).toBe('failure');
  });
});
