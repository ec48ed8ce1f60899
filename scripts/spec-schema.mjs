// The JSON Schema of every spec, as one file for editors: what has a fleet is a pipeline spec, the rest is of one deployment.

/** Two schemas as one; what they define stays at the root, where their references look. */
export function joinSchemas(ofDeployment, ofPipelines) {
  const { $schema, $defs: plainDefs, ...plain } = ofDeployment;
  const { $schema: _, $defs: pipelineDefs, ...pipeline } = ofPipelines;
  return {
    $schema,
    title: 'A spec of MIST',
    if: { required: ['fleet'] },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
    then: { $ref: '#/$defs/pipeline' },
    else: { $ref: '#/$defs/plain' },
    $defs: { ...plainDefs, ...pipelineDefs, plain, pipeline },
  };
}

/** Needs dist/: what the build has just compiled. */
export async function readSpecSchema() {
  const { specJsonSchema } = await import('../dist/src/spec/schema.js');
  const { fleetJsonSchema } = await import('../dist/src/spec/fleet/schema.js');
  return joinSchemas(specJsonSchema(), fleetJsonSchema());
}

export const toSchemaText = (schema) => `${JSON.stringify(schema)}\n`;
