/**
 * The stages of one commit, one after another, dispatched as the App dispatches them and read by the App's own readers; without
 * Temporal. What the sandbox's runner does with the files is all that happens.
 */
import { randomUUID } from 'node:crypto';
import { unzipSync } from 'fflate';
import { z } from 'zod';
import { readArchive } from '../../activities/read-archive.ts';
import type { Sandbox } from '../../sandbox/box.ts';
import type { ActionsRunRecord, ArtifactRecord } from '../../sandbox/github/actions-records.ts';
import type { RepositoryRecord } from '../../sandbox/github/world.ts';
import type { FixtureName, Files } from '../../sandbox/set-up.ts';
import { planBuild, type BuildOutputs } from '../../src/domain/build/build-plan.ts';
import { SIGNING_MODES } from '../../src/domain/build/builder.ts';
import { CommitSha, GitRef, type Digest } from '../../src/domain/git.ts';
import { runId, stageKey } from '../../src/domain/run/workflow-ids.ts';
import { SETTINGS_PATH } from '../../src/domain/settings/settings-schema.ts';
import { artifactName } from '../../src/domain/stage/stage-artifact.ts';
import type { StageResults } from '../../src/domain/stage/stage-outcome.ts';
import type { Reading } from '../../src/domain/stage/stage-report.ts';
import { OWN_PLAN } from '../../src/domain/stage/render-stage-files.ts';
import { STAGE_TABLE, type Stage } from '../../src/domain/stage/stage-table.ts';

export interface ChainOptions {
  readonly name: string;
  readonly visibility?: 'public' | 'private';
  readonly fixture?: FixtureName;
  /** The settings file, without its `image` part. */
  readonly settings?: string;
  /** In place of the sandbox's own. */
  readonly registry?: string;
  /** More of its `image`, indented. */
  readonly image?: string;
  /** Over those of the fixture. */
  readonly files?: Files;
  readonly prepare?: (repository: RepositoryRecord) => void;
}

/** A run of a stage, with what the App reads of its artifact; null where it left none. */
export interface Ran<S extends Stage = Stage> {
  readonly run: ActionsRunRecord;
  readonly reading: Reading<StageResults[S]> | null;
  /** File names of the artifact, sorted. */
  readonly files: readonly string[];
  /** What came to be elsewhere, of each kind. */
  readonly left: Readonly<Record<'publicLog' | 'github' | 'registry' | 'attestations', number>>;
}

const Signing = z.enum(SIGNING_MODES);
const REF = GitRef.parse('refs/heads/main');

export class Chain {
  readonly repository: RepositoryRecord;
  readonly commit: CommitSha;
  readonly plan: BuildOutputs;
  /** Not by an isolated builder. */
  readonly buildsItself: boolean;
  private readonly box: Sandbox;
  private digest: Digest | null = null;
  private sbom: Readonly<Record<'sbom_run_id' | 'sbom_artifact' | 'sbom_sha256', string>> | null = null;

  private constructor(box: Sandbox, at: Pick<Chain, 'repository' | 'commit' | 'plan' | 'buildsItself'>) {
    this.box = box;
    this.buildsItself = at.buildsItself;
    this.repository = at.repository;
    this.commit = at.commit;
    this.plan = at.plan;
  }

  static async start(
    box: Sandbox,
    {
      name,
      visibility = 'public',
      fixture = 'clean',
      settings = 'preset: standard\n',
      registry = box.registry.host,
      image = '',
      files,
      prepare,
    }: ChainOptions,
  ): Promise<Chain> {
    const repository = await box.createRepository(name, { visibility });
    prepare?.(repository);
    const setUp = await box.setUpFiles(settings);
    const settingsText = `${String(setUp.get(SETTINGS_PATH) ?? '')}${image}`.replace(box.registry.host, registry);
    const all: Files = new Map([
      ...(await box.fixture(fixture)),
      ...setUp,
      ...(files ?? []),
      [SETTINGS_PATH, settingsText],
    ]);
    const commit = CommitSha.parse(await box.push(repository, 'main', all));
    const plan = planBuild({
      settings: settingsText,
      flags: '{}',
      repository: `${repository.owner.login}/${repository.name}`,
      ref: REF,
      sha: commit,
      defaultBranch: repository.defaultBranch,
      visibility,
    });
    if (plan.kind === 'refused') throw new Error(plan.mistakes.map(({ message }) => message).join('; '));
    return new Chain(box, { repository, commit, plan: plan.outputs, buildsItself: all.has(`${OWN_PLAN}/plan.mjs`) });
  }

  /** With more on its branch: at another commit, and with the image and SBOM of this one. */
  async at(files: Files): Promise<Chain> {
    const commit = CommitSha.parse(await this.box.push(this.repository, 'main', files));
    const tag = this.plan.tag.replace(this.commit.slice(0, 7), commit.slice(0, 7));
    const plan = { ...this.plan, tag };
    const chain = new Chain(this.box, { repository: this.repository, commit, plan, buildsItself: this.buildsItself });
    chain.digest = this.digest;
    chain.sbom = this.sbom;
    return chain;
  }

  /** The image as the build named it; a stage that needs it cannot come before. */
  get built(): Digest {
    if (this.digest === null) throw new Error('No image was built');
    return this.digest;
  }

  /** @param inputs in place of those that the App would give */
  async run<S extends Stage>(stage: S, inputs: Readonly<Record<string, string>> = {}): Promise<Ran<S>> {
    const before = this.counts();
    const run = await this.box.engine.dispatch(this.repository, {
      file: STAGE_TABLE[stage].file,
      ref: 'main',
      inputs: { ...this.inputs(stage), ...inputs },
      actor: this.box.user('kim'),
    });
    await this.box.engine.settle();
    const artifact = this.artifactOf(stage, run);
    const after = this.counts();
    const ran = {
      run,
      left: {
        publicLog: after.publicLog - before.publicLog,
        github: after.github - before.github,
        registry: after.registry - before.registry,
        attestations: after.attestations - before.attestations,
      },
      reading: artifact === undefined ? null : await this.read(stage, run, artifact),
      files: artifact === undefined ? [] : Object.keys(unzipSync(new Uint8Array(artifact.zip))).toSorted(),
    };
    this.remember(stage, ran);
    return ran;
  }

  private counts(): Ran['left'] {
    const { sigstore, registry } = this.box;
    return {
      publicLog: sigstore.publicGood.signatures,
      github: sigstore.github.signatures,
      registry: registry.pushes,
      attestations: this.repository.attestations.length,
    };
  }

  private inputs(stage: Stage): Record<string, string> {
    const key = runId({ repositoryId: this.repository.id, ref: REF, sha: this.commit, attempt: 1 });
    const common = { key: stageKey(key, stage), nonce: randomUUID(), group: randomUUID(), commit: this.commit };
    const image = (): Record<string, string> => ({ image: this.plan.image, digest: this.built });
    const signing = this.plan['signing'];
    switch (stage) {
      case 'lint':
        return { ...common, fix: 'false' };
      case 'build':
        return { ...common, ...(this.buildsItself ? { flags: '{}' } : {}) };
      case 'sbom':
        return { ...common, ...image() };
      case 'scan':
        return { ...common, digest: this.built, ...this.sbom };
      case 'sign':
        return { ...common, ...image(), signing };
      case 'attest':
        return { ...common, ...image(), signing, ...this.sbom };
      case 'verify':
        return {
          ...common,
          ...image(),
          signing,
          sign_file: STAGE_TABLE.sign.file,
          attest_file: STAGE_TABLE.attest.file,
        };
    }
  }

  private artifactOf(stage: Stage, run: ActionsRunRecord): ArtifactRecord | undefined {
    const name = artifactName(stage, run.attempt);
    return this.repository.artifacts.find((each) => each.runId === run.id && each.name === name);
  }

  private async read<S extends Stage>(
    stage: S,
    run: ActionsRunRecord,
    artifact: ArtifactRecord,
  ): Promise<Reading<StageResults[S]>> {
    const reading = await readArchive({
      archive: artifact.zip,
      conclusion: run.conclusion ?? 'none',
      expected: {
        stage,
        commit: this.commit,
        digest: ['sbom', 'scan', 'sign', 'attest', 'verify'].includes(stage) ? this.built : null,
        sbomSha256: ['scan', 'attest'].includes(stage) ? (this.sbom?.sbom_sha256 ?? null) : null,
        imageName: this.plan.image,
        build: { tag: this.plan.tag, signing: Signing.parse(this.plan.signing) },
      },
    });
    // readArchive returns the result of the stage that `expected` names, which its type does not say.
    return reading as Reading<StageResults[S]>;
  }

  private remember(stage: Stage, { run, reading }: Ran): void {
    if (reading?.kind !== 'read') return;
    const { result } = reading;
    if (stage === 'build' && 'digest' in result) this.digest = result.digest;
    if (stage === 'sbom' && 'sha256' in result)
      this.sbom = {
        sbom_run_id: String(run.id),
        sbom_artifact: artifactName(stage, run.attempt),
        sbom_sha256: result.sha256,
      };
  }
}
