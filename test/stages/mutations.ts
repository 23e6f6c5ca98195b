/** Small faults of a workflow file, as people make them: each is one change of one line. */

export interface Mutation {
  /** From 1. */
  readonly line: number;
  readonly what: string;
  readonly text: string;
}

interface Operator {
  readonly what: string;
  /** Null where the line gives no occasion. */
  readonly change: (line: string) => string | null;
}

const replaced =
  (pattern: RegExp, by: string) =>
  (line: string): string | null =>
    pattern.test(line) ? line.replace(pattern, by) : null;

const OPERATORS: readonly Operator[] = [
  { what: 'no condition', change: replaced(/^(\s+(?:- )?)if: .*$/, '$1# gone') },
  {
    what: 'no permission',
    change: replaced(/^\s+(?:contents|packages|actions|attestations|id-token): (?:read|write).*$/, ''),
  },
  { what: 'another id', change: replaced(/^(\s+(?:- )?id: )(\w+)$/, '$1$2_other') },
  { what: 'another output', change: replaced(/(\boutputs\.)(\w+)/, '$1other_$2') },
  { what: 'another output is written', change: replaced(/(echo "|printf ')(\w+)(=.*GITHUB_OUTPUT)/, '$1other_$2$3') },
  { what: 'no variable', change: replaced(/^\s+[A-Z][A-Z_]+: .*$/, '') },
  { what: 'another variable', change: replaced(/"\$([A-Z_]{3,})/, '"$OTHER_$1') },
  { what: 'no input of the action', change: replaced(/^ {10}[a-z][\w-]+: .*$/, '') },
  { what: 'no need', change: replaced(/^ {4}needs: .*$/, '') },
  { what: 'equal and not equal', change: replaced(/ == /, ' != ') },
  { what: 'equal and not equal, in a script', change: replaced(/(\[ .*) = /, '$1 != ') },
  { what: 'and, or', change: replaced(/ && /, ' || ') },
  { what: 'a failure that is none', change: replaced(/\bexit 1\b/, 'exit 0') },
  { what: 'goes on after an error', change: replaced(/^(\s+)continue-on-error: true$/, '$1continue-on-error: false') },
  { what: 'another file', change: replaced(/\b([\w-]+)\.(json|jsonl|out)\b/, 'other-$1.$2') },
  { what: 'another field', change: replaced(/(\{|, )(\w+): (?=[$\w"([])/, '$1other_$2: ') },
  { what: 'another flag', change: replaced(/ --([a-z][\w-]+)/, ' --other-$1') },
  {
    what: 'no line of the script',
    change: replaced(/^ {10,}(?:[a-z_]+=|jq|gh|cosign|docker|mkdir|cp|cat|printf|echo "[a-z]).*[^\\]$/, ''),
  },
  { what: 'a job of another machine', change: replaced(/runs-on: ubuntu-24\.04/, 'runs-on: windows-2025') },
  { what: 'only where it succeeded', change: replaced(/!cancelled\(\)|always\(\)/, 'success()') },
];

/** Every single fault that the operators know of this text, comments and names left alone. */
export function mutationsOf(text: string): Mutation[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (/^\s*(#|- name: |name: |description: )/.test(line)) return [];
    return OPERATORS.flatMap(({ what, change }) => {
      const changed = change(line);
      if (changed === null || changed === line) return [];
      return [
        { line: index + 1, what, text: [...lines.slice(0, index), changed, ...lines.slice(index + 1)].join('\n') },
      ];
    });
  });
}

/** So many, spread evenly over the operators first and the file second. */
export function chosen(mutations: readonly Mutation[], count: number): Mutation[] {
  const byOperator = Map.groupBy(mutations, ({ what }) => what);
  const rounds = Math.max(0, ...[...byOperator.values()].map((each) => each.length));
  const spread = [...byOperator.values()].map((each) => everySo(each));
  return Array.from({ length: rounds }, (_, round) => spread.flatMap((each) => each.slice(round, round + 1)))
    .flat()
    .slice(0, count)
    .toSorted((a, b) => a.line - b.line);
}

/** First and last, then what lies between. */
function everySo<T>(items: readonly T[]): T[] {
  const taken: T[] = [];
  for (let step = items.length; step >= 1; step = step === 1 ? 0 : Math.ceil(step / 2))
    for (let at = 0; at < items.length; at += step) {
      const item = items[at];
      if (item !== undefined && !taken.includes(item)) taken.push(item);
    }
  return taken;
}
