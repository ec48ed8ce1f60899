// mist completion: what a shell completes after `mist`, generated from the verbs and their tables of flags.
import { type NamedKind, openCatalog } from '../catalog/open.ts';
import { onlyWord, type Verb, verb, wordFlag } from './flags.ts';

export interface VerbEntry {
  readonly words: string;
  load(): Promise<Verb>;
}
export type Verbs = Readonly<Record<string, VerbEntry>>;

/** What a verb is to a shell: its flags, and those that a value follows. */
interface Completed {
  readonly name: string;
  readonly words: string;
  readonly flags: Readonly<Record<string, boolean>>;
}

/** Flags whose value is a name of the catalog, in every verb that has them; the value of any other is a file. */
const NAMES: Readonly<Record<string, NamedKind>> = {
  '--model': 'models',
  '--hardware': 'hardware',
  '--engine': 'engines',
  '--profile': 'engines',
  '--lengths': 'workloads',
  '--workload': 'workloads',
  '--prices': 'prices',
  '--interconnect': 'links',
  '--network': 'links',
};

type Names = Readonly<Record<string, readonly string[]>>;

/** One writer per shell. */
const SHELLS = { bash: writeBash, zsh: writeZsh, fish: writeFish } as const satisfies Record<
  string,
  (verbs: readonly Completed[], names: Names) => string
>;
export const SHELL_NAMES = Object.keys(SHELLS) as (keyof typeof SHELLS)[];

const HELP = `mist completion ${SHELL_NAMES.join('|')}

  Prints what makes a shell complete verbs, flags and names of the catalog:

  bash   source <(mist completion bash)            in ~/.bashrc
  zsh    source <(mist completion zsh)             in ~/.zshrc, after compinit
  fish   mist completion fish | source             in ~/.config/fish/config.fish
`;

/** The verb, over all verbs that there are. Exit code 0; an unknown shell is thrown as a UserError (exit code 2). */
export function completionOf(verbs: Verbs): Verb {
  return verb('completion', {}, HELP, async (flags, out) => {
    const shell = wordFlag('mist completion', onlyWord('completion', flags._, SHELL_NAMES.join(', ')), SHELL_NAMES)!;
    const loaded = await Promise.all(
      Object.entries(verbs).map(async ([name, { words, load }]): Promise<Completed> => {
        const { flags } = name === 'completion' ? { flags: { '--help': false } } : await load();
        return { name, words, flags };
      }),
    );
    const catalog = openCatalog({});
    const names = Object.fromEntries(Object.entries(NAMES).map(([flag, kind]) => [flag, catalog.ids(kind)]));
    out.stdout(SHELLS[shell](loaded, names));
    return 0;
  });
}

/** Words that come first after mist: verbs, and what explains one. */
const firstWords = (verbs: readonly Completed[]): string => [...verbs.map(({ name }) => name), 'help'].join(' ');

function writeBash(verbs: readonly Completed[], names: Names): string {
  const flags = verbs.map(({ name, flags }) => `    ${name}) flags='${Object.keys(flags).join(' ')}' ;;`);
  const values = Object.entries(names).map(([flag, ids]) => `    ${flag}) words='${ids.join(' ')}' ;;`);
  return `# bash completion of mist, written by: mist completion bash
_mist() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} flags='' words=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$prev" = help ]; }; then
    COMPREPLY=($(compgen -W '${firstWords(verbs)}' -- "$cur"))
    return
  fi
  case "$prev" in
${values.join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
    completion) words="$words ${SHELL_NAMES.join(' ')}" ;;
  esac
  case "\${COMP_WORDS[1]}" in
${flags.join('\n')}
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  elif [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _mist mist
`;
}

const quoteZsh = (text: string): string => `'${text.replaceAll("'", `'\\''`).replaceAll(':', '\\:')}'`;

function writeZsh(verbs: readonly Completed[], names: Names): string {
  const first = verbs.map(({ name, words }) => `    ${quoteZsh(name)}:${quoteZsh(words)}`);
  const cases = verbs.map(({ name, flags }) => {
    const words = Object.entries(flags).map(([flag, takes]) => {
      const ids = names[flag];
      return takes ? `'${flag}=:value:${ids ? `(${ids.join(' ')})` : '_files'}'` : `'${flag}'`;
    });
    const rest = name === 'completion' ? `'*:shell:(${SHELL_NAMES.join(' ')})'` : `'*:file:_files'`;
    return `    ${name}) _arguments -S ${[...words, rest].join(' ')} ;;`;
  });
  return `#compdef mist
# zsh completion of mist, written by: mist completion zsh
_mist() {
  local -a verbs
  verbs=(
${first.join('\n')}
  )
  if (( CURRENT == 2 )) || { (( CURRENT == 3 )) && [[ $words[2] == help ]]; }; then
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join('\n')}
  esac
}
compdef _mist mist
`;
}

const quoteFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function writeFish(verbs: readonly Completed[], names: Names): string {
  const lines = verbs.flatMap(({ name, words, flags }) => {
    const within = `-n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c mist -n __fish_use_subcommand -f -a ${name} -d ${quoteFish(words)}`,
      ...Object.entries(flags).map(([flag, takes]) => {
        const ids = names[flag];
        const value = !takes ? '' : ids ? ` -x -a ${quoteFish(ids.join(' '))}` : ' -r';
        return `complete -c mist ${within} -l ${flag.slice(2)}${value}`;
      }),
    ];
  });
  const shells = `complete -c mist -n '__fish_seen_subcommand_from completion' -f -a '${SHELL_NAMES.join(' ')}'`;
  return `# fish completion of mist, written by: mist completion fish\n${[...lines, shells].join('\n')}\n`;
}
