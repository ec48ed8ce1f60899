// The schema of every kind of catalog file; what is read from a file that passes is inferred from it (types.ts).
export { errorBandsSchema } from './schema-bands.ts';
export { efficiencySchema } from './schema-efficiency.ts';
export { engineSchema } from './schema-engine.ts';
export { hardwareSchema } from './schema-hardware.ts';
export { linkSchema } from './schema-links.ts';
export { modelSchema } from './schema-model.ts';
export { priceSheetSchema } from './schema-prices.ts';
export { shapeSchema } from './schema-shape.ts';
export { stepFitSchema } from './schema-steps.ts';
