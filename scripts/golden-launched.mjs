// The commands that start an engine of every version, by small changes of what is deployed: what each change says in its words, or why it
// says nothing, and what the command is read as again.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { change } from './golden-notations.mjs';

const textOf = (file) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');
const linesOf = (text) => text.split('\n').map((line) => line.replace(/ \\$/, '').trimEnd());

export function openLaunched(load) {
  return async () => {
    const { openCatalog, openQuestion, UserError, formatIssue } = await load('index');
    const [{ buildLaunch }, { findStarts }, { readStart }] = await Promise.all(
      ['report/launch', 'spec/launch/find-start', 'spec/launch/read-start'].map(load),
    );
    const catalog = openCatalog({});
    const { base, always, profiles, changes } = parse(textOf('test/golden/launched.yaml'));
    const data = change(parse(textOf(base)), always);
    const attempt = (act) => {
      try {
        return act();
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return error.issues.map((issue) => `refused: ${formatIssue(issue)}`);
      }
    };
    const readAgain = (command, profile, { experts }) => {
      const { starts, files } = findStarts(command);
      const { block_size } = catalog.engine(profile);
      const world = {
        ...{ readText: (name) => files[name], blockSize: () => block_size },
        model: () => ({ experts, native: 'bf16' }),
      };
      const { keys, lost, silent, faults } = readStart(starts[0], world, profile);
      const said = Object.entries(keys).map(([key, value]) => `read ${key}: ${JSON.stringify(value)}`);
      return [...said, ...[...lost, ...silent, ...faults].map((one) => `read ${JSON.stringify(one)}`)];
    };
    const tell = (one, profile) => {
      const lines = attempt(() => {
        const [pool] = openQuestion(stringify(change(data, { ...one, 'engine.profile': profile })), '', catalog).first
          .pools;
        const { command, notes } = buildLaunch(pool);
        const experts = catalog.model(pool.configuration.model).groups.some(({ mlp }) => mlp.kind === 'moe');
        const again = command ? readAgain(command, profile, { experts }) : [];
        return [...linesOf(command ?? ''), ...notes, ...again];
      });
      return lines.filter((line) => line.trim() !== '');
    };
    const plain = new Map(profiles.map((profile) => [profile, new Set(tell({}, profile))]));
    const told = profiles.map(
      (profile) => `${profile}\n${[...plain.get(profile)].map((line) => `  ${line}\n`).join('')}`,
    );
    for (const one of changes) {
      told.push(`${JSON.stringify(one)}\n`);
      const seen = new Map();
      for (const profile of profiles) {
        const is = tell(one, profile);
        const was = plain.get(profile);
        const gone = is.length > 1 ? [...was].filter((line) => !line.startsWith('read') && !is.includes(line)) : [];
        const words = [...is.filter((line) => !was.has(line)), ...gone.map((line) => `- ${line}`)];
        const text = words.map((line) => `    ${line.slice(0, 200)}\n`).join('');
        seen.set(text, [...(seen.get(text) ?? []), profile]);
      }
      for (const [text, of] of seen) told.push(`  ${of.join(', ')}${text === '' ? ': the same' : ''}\n${text}`);
    }
    return told.join('');
  };
}
