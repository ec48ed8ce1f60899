// Writes the JSON Schema of specs as a page: a table for every object, its keys, what they take and what they mean.

const AXIS = '#/$defs/axis';
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** {choices: [...]} or {from, to, step | factor} beside a value makes that value an axis. */
function isAxis(branch, branches) {
  if (branch.$ref === AXIS) return true;
  if (branch.type === 'array') return branches.some((other) => other !== branch && same(other, branch.items));
  const keys = Object.keys(branch.properties ?? {});
  if (same(keys, ['choices'])) return !branch.properties.choices.items?.properties?.share;
  return keys.includes('from') && keys.includes('factor');
}

/** What a value may be: alternatives without axes, unions taken apart. */
function alternatives(schema) {
  const branches = schema.anyOf ?? schema.oneOf;
  if (!branches) return [schema];
  return branches.filter((branch) => !isAxis(branch, branches)).flatMap(alternatives);
}

function takesAxis(schema) {
  const branches = schema.anyOf ?? schema.oneOf ?? [];
  return branches.some((branch) => isAxis(branch, branches) || takesAxis(branch));
}

/** A value without descriptions and axes: what is equal here is told once. */
function bare(schema) {
  return alternatives(schema).map(
    ({ description: _, properties, items, prefixItems, additionalProperties, ...rest }) => ({
      ...rest,
      ...(properties && {
        properties: Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, bare(inner)])),
      }),
      ...(items && { items: bare(items) }),
      ...(prefixItems && { prefixItems: prefixItems.map(bare) }),
      ...(typeof additionalProperties === 'object' && { additionalProperties: bare(additionalProperties) }),
    }),
  );
}

const identity = (schema) => JSON.stringify(bare(schema));

function boundsOf({ type, minimum, maximum, exclusiveMinimum }) {
  const least =
    exclusiveMinimum !== undefined ? ` > ${exclusiveMinimum}` : minimum !== undefined ? ` ≥ ${minimum}` : '';
  return `${type}${least}${maximum !== undefined && maximum < 2 ** 31 - 1 ? `, ≤ ${maximum}` : ''}`;
}

function nameValue(schema) {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((word) => `\`${word}\``).join(', ');
  if (schema.prefixItems) return `[${schema.prefixItems.map(nameValues).join(', ')}]`;
  if (schema.type === 'array') return `list of ${nameValues(schema.items)}`;
  if (schema.$ref) return `stages`;
  if (schema.properties) return `{${Object.keys(schema.properties).join(', ')}}`;
  if (schema.additionalProperties) return 'by name';
  if (schema.type === 'number' || schema.type === 'integer') return boundsOf(schema);
  return schema.type === 'string' ? 'text' : (schema.type ?? 'any');
}

function nameValues(schema) {
  const all = alternatives(schema);
  const number = all.some(({ type }) => type === 'number' || type === 'integer');
  // A number is also a text that reads as one: units and underscores.
  const words = all.filter((one) => !(number && one.type === 'string' && !one.enum)).map(nameValue);
  return [...new Set(words)].join(' or ');
}

function nameValuesShortly(schema) {
  const words = nameValues(schema);
  if (words.length <= 160) return words;
  return alternatives(schema).some(({ properties }) => properties) ? 'an object of the kinds below' : words;
}

const cell = (text) => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

function tableOf(object) {
  const keys = Object.keys(object.properties);
  const rows = keys
    .filter((key) => !(key.endsWith('_ms') && keys.includes(key.slice(0, -3))))
    .map((key) => {
      const schema = object.properties[key];
      const needed = object.required?.includes(key) ? ' **needed**' : '';
      const shown = keys.includes(`${key}_ms`) ? `${key}[_ms]` : key;
      const values = `${nameValuesShortly(schema)}${takesAxis(schema) ? ' ↔' : ''}`;
      return `| \`${shown}\`${needed} | ${cell(values)} | ${cell(schema.description ?? '')} |`;
    });
  return `| key | takes | |\n|---|---|---|\n${rows.join('\n')}\n`;
}

/** The word that tells an alternative from the others: kind: llm, process: ramp, or its only key. */
function kindOf(object) {
  const keys = Object.keys(object.properties);
  const found = keys.find((key) => alternatives(object.properties[key]).every(({ const: word }) => word !== undefined));
  if (found) return ` (${found}: ${alternatives(object.properties[found])[0].const})`;
  return keys.length === 1 ? ` (${keys[0]})` : '';
}

const join = (path, key) => (path === '' ? key : `${path}.${key}`);

/** Sections of everything with keys below a value; what was told before is told by its first path. */
function walk(schema, path, page) {
  for (const one of alternatives(schema)) {
    if (one.$ref) {
      if (!page.told.has(one.$ref)) {
        page.told.set(one.$ref, path);
        walk(page.defs[one.$ref.replace('#/$defs/', '')], path, page);
      }
    } else if (one.properties) tell(one, path, page);
    else if (typeof one.additionalProperties === 'object') walk(one.additionalProperties, join(path, 'NAME'), page);
    else if (one.items) walk(one.items, `${path}[]`, page);
  }
}

function tell(object, path, page) {
  const id = identity(object);
  const first = page.told.get(id);
  if (first !== undefined) {
    const line = `\`${path}\`: as \`${first}\`.  `;
    if (first !== path && page.lines.at(-1) !== line) page.lines.push(line);
    return;
  }
  page.told.set(id, path);
  const words = object.description ? `${object.description}\n\n` : '';
  const title = path === '' ? 'The document' : path;
  page.lines.push(`\n### ${title}${kindOf(object)}\n\n${words}${tableOf(object)}`);
  for (const [key, inner] of Object.entries(object.properties)) walk(inner, join(path, key), page);
}

const HEAD = `# Every key of a spec

Generated from the schema by \`npm run docs\`; do not edit. [A spec](spec.md) explains, this page lists.

A number may be written with underscores, and with a unit where it has one (\`250ms\`, \`3.35TB/s\`, \`80GB\`, \`400W\`, \`40%\`).
↔ marks what may be an axis: a list, \`{choices: [...]}\`, or \`{from, to, step | factor}\`. Keys without **needed** may be left out.
`;

/** The page of a schema. */
export function specReference(schema) {
  const page = { defs: schema.$defs, told: new Map(), lines: [HEAD] };
  walk(schema, '', page);
  return `${page.lines.join('\n').replace(/\n{3,}/g, '\n\n')}\n`;
}
