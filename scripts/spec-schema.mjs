// The JSON Schema of a spec as one file for editors.

/** Needs dist/: what the build has just compiled. */
export async function readSpecSchema() {
  const { specJsonSchema } = await import('../dist/src/spec/fleet/schema.js');
  return specJsonSchema();
}

export const toSchemaText = (schema) => `${JSON.stringify({ title: 'A spec of MIST', ...schema })}\n`;
