/** docker/build-push-action: buildx, by inputs that are lists in CSV. Source: docker/build-push-action v7.3.0, `src/context.ts`, `src/main.ts`. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { buildImage, type Built } from '../build-image.ts';
import { archiveOf } from '../oci-archive.ts';
import { imageFor } from '../registry-access.ts';
import { failed, isOn, type ActionCall, type ActionDouble, type ActionEnd } from './action.ts';
import { builderFile } from './setup-buildx.ts';

export const buildPush: ActionDouble = {
  name: 'docker/build-push-action',
  commit: '53b7df96c91f9c12dcc8a07bcb9ccacbed38856a',
  version: 'v7.3.0',
  inputs: {
    'add-hosts': null,
    allow: null,
    annotations: null,
    attests: null,
    'build-args': null,
    'build-contexts': null,
    builder: null,
    'cache-from': null,
    'cache-to': null,
    call: null,
    'cgroup-parent': null,
    context: null,
    file: null,
    labels: null,
    load: 'false',
    network: null,
    'no-cache': 'false',
    'no-cache-filters': null,
    outputs: null,
    platforms: null,
    provenance: null,
    pull: 'false',
    push: 'false',
    sbom: null,
    secrets: null,
    'secret-envs': null,
    'secret-files': null,
    'shm-size': null,
    ssh: null,
    tags: null,
    target: null,
    ulimit: null,
    'github-token': '${{ github.token }}',
  },
  run,
};

/** Source: docker/actions-toolkit `src/util.ts`, `getList`. */
function listOf(input: string | undefined, { ignoreComma }: { readonly ignoreComma: boolean }): string[] {
  const text = (input ?? '').trim();
  const records = text === '' ? [] : parse(text, CSV);
  const items = records.flatMap((record) => {
    if (record.length === 1) return ignoreComma ? record : (record[0] ?? '').split(',');
    return ignoreComma ? [record.join(',')] : record;
  });
  return items.filter((item) => item !== '').map((item) => item.trim());
}

const CSV = { columns: false, relaxQuotes: true, relaxColumnCount: true, skipEmptyLines: true } as const;

async function run(call: ActionCall): Promise<ActionEnd> {
  const { input, env, machine, log } = call;
  const args = listOf(input('build-args'), { ignoreComma: true });
  const platforms = listOf(input('platforms'), { ignoreComma: false });
  const isContainer = existsSync(builderFile(machine));
  const problem = unsupported({ isContainer, platforms, outputs: input('outputs') });
  const flags = [
    ...args.flatMap((each) => ['--build-arg', each]),
    ...['--file', input('file')],
    ...(isOn(input('no-cache')) ? ['--no-cache'] : []),
    ...(platforms.length === 0 ? [] : ['--platform', platforms.join(',')]),
    ...(isOn(input('push')) ? ['--push'] : []),
    ...listOf(input('tags'), { ignoreComma: false }).flatMap((tag) => ['--tag', tag]),
  ];
  log(`[command]/usr/bin/docker buildx build ${flags.join(' ')} ${input('context')}`);
  if (problem !== null) return ended(call, [`ERROR: failed to build: ${problem}`]);
  const built = await buildImage(machine.folders.workspace, {
    dockerfile: input('file'),
    context: input('context'),
    target: input('target'),
    platforms: platforms.length === 0 ? ['linux/amd64'] : platforms,
    args: new Map(args.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)])),
    root: join(machine.folders.temp, `build-${crypto.randomUUID()}`),
  });
  if (built.kind === 'failed') return ended(call, built.log);
  try {
    const metadata = await exported(call, built);
    if (env['BUILDX_METADATA_PROVENANCE'] !== 'disabled') Object.assign(metadata, provenanceOf(call));
    const text = JSON.stringify(metadata, null, 2);
    for (const line of ['::group::Metadata', ...text.split('\n'), '::endgroup::']) log(line);
    const digest = String(metadata['containerimage.digest']);
    return { outputs: { digest, imageid: digest, metadata: text } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return ended(call, [`ERROR: failed to build: failed to solve: failed to push: ${why}`]);
  }
}

function ended({ log }: ActionCall, lines: readonly string[]): ActionEnd {
  for (const line of lines) log(line);
  return failed(`buildx failed with: ${lines.at(-1) ?? 'unknown error'}`);
}

/** Docker's own builder can do less. Source: docker/buildx `driver/docker`, `build/opt.go`. */
function unsupported(asked: {
  readonly isContainer: boolean;
  readonly platforms: readonly string[];
  readonly outputs: string;
}): string | null {
  if (asked.isContainer) return null;
  if (asked.platforms.length > 1) return 'Multi-platform build is not supported for the docker driver.';
  return asked.outputs.includes('type=oci') ? 'OCI exporter is not supported for the docker driver.' : null;
}

async function exported(
  call: ActionCall,
  { images, warnings }: Extract<Built, { kind: 'built' }>,
): Promise<Record<string, unknown>> {
  const { input, machine } = call;
  const [tagged = ''] = listOf(input('tags'), { ignoreComma: false });
  const warned = warnings.length === 0 ? {} : { 'buildx.build.warnings': warnings };
  const destination = /(?:^|,)dest=([^,]+)/.exec(input('outputs'))?.[1];
  const [first] = images;
  if (destination !== undefined && first !== undefined) {
    const { bytes, digest } = await archiveOf(first);
    writeFileSync(destination, bytes);
    machine.giveToRunner(destination);
    return { 'buildx.build.ref': REF, ...warned, 'containerimage.digest': digest };
  }
  if (!isOn(input('push'))) return { 'buildx.build.ref': REF, ...warned };
  const colon = tagged.lastIndexOf(':');
  const [name, tag] = [tagged.slice(0, colon), tagged.slice(colon + 1)];
  const image = imageFor(call, name, 'push');
  const digest =
    images.length > 1 || first === undefined
      ? await image.pushIndex(images, tag)
      : await image.push(first.config, first.layers, tag);
  const mediaType = `application/vnd.oci.image.${images.length > 1 ? 'index' : 'manifest'}.v1+json`;
  return {
    'buildx.build.ref': REF,
    ...warned,
    'containerimage.descriptor': { mediaType, digest },
    'containerimage.digest': digest,
    'image.name': tagged,
  };
}

const REF = 'builder/builder0/0123456789abcdefghijklmno';

/** The provenance that buildx adds to its metadata by default. It contains the whole event. */
const provenanceOf = ({ facts }: ActionCall): Record<string, unknown> => ({
  'buildx.build.provenance': { invocation: { environment: { github_event_payload: facts.run.payload } } },
});
