/** What a change brings into a file that was not there: a repair of lint needs none of it. */
import type { ChangedLines } from './changed-lines.ts';
import { suppressionsIn } from './suppressions.ts';

interface Foreign {
  readonly what: string;
  /** Linear, since lines are anybody's. */
  readonly pattern: RegExp;
}

/** What follows a name where it is used: a call, an index, an argument, the line's end. */
const USED = String.raw`(?=\s{0,3}(?:\?\.)?[\s(.['"\x60<:]|$)`;
const named = (...words: readonly string[]): RegExp =>
  new RegExp(String.raw`(?:^|[^\w$])(?:${words.join('|')})${USED}`, 'i');

const FOREIGN: readonly Foreign[] = [
  {
    what: 'an import',
    pattern:
      /\b(?:import|require|include|include_once|require_once|using|source|use|extern crate|importlib)\b(?=[\s.('"<]|$)|^\s{0,40}(?:from)\s[\w.]{1,200}\simport\b|^\s{0,40}export\s[^'"]{0,200}\sfrom\b|^\s{0,40}#include\b|^\s{0,40}@import\b|^\s{0,40}\.\s\S/i,
  },
  {
    what: 'an address',
    pattern: /\b(?:https?|wss?|ftp|file|data|ssh|git|tcp):(?:\/\/)?[^\s'"<>)]|\/dev\/(?:tcp|udp)\//i,
  },
  {
    what: 'a call that starts a process',
    pattern: named(
      ...[
        'exec',
        'execa',
        'execfile',
        'execsync',
        'execfilesync',
        'execve',
        'execl',
        'execv',
        'spawn',
        'spawnsync',
        'spawnlp',
        'fork',
        'popen',
      ],
      ...[
        'system',
        'shell_exec',
        'proc_open',
        'pcntl_exec',
        'passthru',
        'subprocess',
        'create_subprocess_shell',
        'create_subprocess_exec',
      ],
      ...[
        'child_process',
        'processbuilder',
        'process\\.start',
        'command::new',
        'eval',
        'new function',
        '__import__',
        'compile',
        'pickle',
        'marshal',
      ],
      ...[
        'sudo',
        'bash',
        'sh',
        'zsh',
        'pwsh',
        'powershell',
        'python3?',
        'perl',
        'ruby',
        'node',
        'npm',
        'npx',
        'pip3?',
        'apt',
        'apt-get',
        'apk',
        'gem',
        'cargo',
      ],
    ),
  },
  { what: 'a command in place of its words', pattern: /\$\(|\x60[^\x60]{1,200}\x60|%x[({]|<\(/ },
  {
    what: 'a call to the network',
    pattern: named(
      ...[
        'fetch',
        'axios',
        'xmlhttprequest',
        'websocket',
        'urlopen',
        'urllib',
        'requests',
        'httpx',
        'aiohttp',
        'socket',
        'net',
        'dns',
        'curl',
      ],
      ...[
        'wget',
        'nc',
        'ncat',
        'netcat',
        'telnet',
        'ssh',
        'scp',
        'rsync',
        'invoke-webrequest',
        'invoke-restmethod',
        'https?\\.(?:get|request)',
      ],
      ...['navigator\\.sendbeacon', 'httpclient', 'tcpstream', 'webclient'],
    ),
  },
  {
    what: 'a call to the file system',
    pattern: named(
      ...[
        'readfile',
        'readfilesync',
        'writefile',
        'writefilesync',
        'appendfile',
        'createwritestream',
        'createreadstream',
        'unlink',
        'unlinksync',
      ],
      ...[
        'rmsync',
        'rmdir',
        'rm',
        'mv',
        'dd',
        'chmod',
        'chown',
        'symlink',
        'open',
        'fopen',
        'file_get_contents',
        'file_put_contents',
        'shutil',
      ],
      ...['write_text', 'write_bytes', 'read_text', 'fs', 'os\\.remove', 'os\\.path', 'mkdir', 'tempfile', 'tee'],
    ),
  },
  {
    what: 'a read of the environment',
    pattern:
      /\bprocess\s{0,3}(?:\.|\[\s{0,3}['"])env\b|\bos\.environ\b|\bgetenv\b|\blookupenv\b|\benviron\b|getenvironmentvariable|\benv::var\b|\bprintenv\b|\bimport\.meta\.env\b|\bdeno\.env\b|\$_env\b|\$env[:{]|\benv\[|\{\s{0,3}env\s{0,3}\}\s{0,3}=|\$\{?[A-Z][A-Z0-9_]{3,60}\}?|\bsecrets\.\w/i,
  },
  {
    what: 'what looks like a secret',
    pattern:
      /\b(?:ghp|gho|ghu|ghs|ghr|github_pat|sk-ant|sk|xox[abprs]|glpat|npm|pypi|AKIA|ASIA|AIza|ya29|eyJ)[-_A-Za-z0-9]{16,200}|-----BEGIN [A-Z ]{1,40}PRIVATE KEY|\b[A-Fa-f0-9]{40,128}\b/,
  },
  {
    what: 'another image, user or privilege',
    pattern: /^\s{0,20}(?:FROM|USER)\s|\b(?:image|privileged|hostNetwork|hostPID|runAsUser|capabilities):/,
  },
];

/** A line is looked at as far as a person would read it; a longer one is refused for that. */
const MAX_LINE = 2000;

/** A line that holds something foreign may lose words and change its punctuation; it gets no word that was not in such a place. */
export function whatIsBrought({ added, removed }: ChangedLines): string[] {
  const long = added.some((line) => line.length > MAX_LINE) && !removed.some((line) => line.length > MAX_LINE);
  const young = added.map(bounded);
  const old = removed.map(bounded);
  const kinds = FOREIGN.filter(({ pattern }) => young.some((line) => pattern.test(line) && hasNewWords(line, old)));
  return [
    ...(long ? [`brings in a line of more than ${MAX_LINE} characters`] : []),
    ...suppressionsIn(young, old).map((marker) => `tells a linter to look away (\`${marker}\`)`),
    ...kinds.map(({ what }) => `brings in ${what}`),
  ];
}

const bounded = (line: string): string => line.slice(0, MAX_LINE);

const wordsOf = (line: string): readonly string[] => line.match(/[\p{L}\p{N}_]+/gu) ?? [];

const isComment = (line: string): boolean => /^\s{0,200}(?:#(?!!)|\/\/|\/\*|\*|--|;|<!--)/.test(line);

/** What was a comment is no leave for code. */
function hasNewWords(line: string, removed: readonly string[]): boolean {
  const places = isComment(line) ? removed : removed.filter((each) => !isComment(each));
  const known = new Set(places.flatMap(wordsOf));
  return places.length === 0 || wordsOf(line).some((word) => !known.has(word));
}
