// What exists: hardware, models, engine profiles, efficiencies. SI units (bytes, FLOP/s, seconds, W); prices in USD per hour.
// Every shape is inferred from the schema of its files, where its fields are described.
import type { z } from 'zod';
import type { errorBand, errorBandsSchema } from './schema-bands.ts';
import type { collectiveFit, efficiencySchema, opFit, opTable } from './schema-efficiency.ts';
import type { engineSchema } from './schema-engine.ts';
import type { hardwareSchema } from './schema-hardware.ts';
import type { linkSchema } from './schema-links.ts';
import type { attention, indexer, layerGroup, mlp, modelSchema } from './schema-model.ts';
import type { priceEntry, priceSheetSchema } from './schema-prices.ts';
import type { shapeSchema } from './schema-shape.ts';
import type { stepFitSchema } from './schema-steps.ts';
import type { basis, collectiveOp, kvFormat, opFamily, weightFormat } from './schema-words.ts';

/** What a schema lets through, as nobody may change it; of loose objects, the fields that the schema names. */
type Entry<Schema extends z.ZodType> = Fixed<z.infer<Schema>>;
type Fixed<T> = T extends readonly unknown[]
  ? { readonly [I in keyof T]: Fixed<T[I]> }
  : T extends object
    ? { readonly [K in keyof T as string extends K ? never : K]: Fixed<T[K]> }
    : T;

/** How a figure came to be, from the most to the least trustworthy. */
export type Basis = z.infer<typeof basis>;
/** Formats of weights, named as vLLM and the case files name them. */
export type WeightFormat = z.infer<typeof weightFormat>;
/** Formats of the KV cache. */
export type KvFormat = z.infer<typeof kvFormat>;
/** Kinds of work that have an efficiency of their own. */
export type OpFamily = z.infer<typeof opFamily>;
/** Exchanges between devices. */
export type CollectiveOp = z.infer<typeof collectiveOp>;

/** One accelerator, CPU or chip: one socketed package as `hardware_ids.csv` counts it. File: catalog/hardware/<id>.json. */
export type Hardware = Entry<typeof hardwareSchema> & {
  /** Of a device that a spec derives from another: the id of that one (derived.ts). Files have none. */
  readonly base?: string;
};

/** How devices, servers or a device and its host are joined. File: catalog/links/<id>.json. */
export type Link = Entry<typeof linkSchema>;

/** Prices of one kind: on demand, spot, owned, ... File: catalog/prices/<id>.json. */
export type PriceSheet = Entry<typeof priceSheetSchema>;
/** What a sheet says of one device. */
export type PriceEntry = Entry<typeof priceEntry>;

/** Sparse attention's light indexer: `heads` small queries score every past token against one cached key of `head_dim`. */
export type Indexer = Entry<typeof indexer>;
/** The attention of one layer. `none` is a layer without a mixer (Nemotron-H MLP layers). */
export type Attention = Entry<typeof attention>;
/** The MLP of one layer: dense, routed experts, or none (a layer that is only a mixer). */
export type Mlp = Entry<typeof mlp>;
/** `count` consecutive-or-not layers that are alike (order does not matter to cost). */
export type LayerGroup = Entry<typeof layerGroup>;
/** A model's architecture, normalised. File: catalog/models/<id>.json, or read from a Hugging Face config.json. */
export type Model = Entry<typeof modelSchema>;

/** Defaults and host costs of one engine version. File: catalog/engines/<id>.json. */
export type EngineProfile = Entry<typeof engineSchema>;

/** t = t0 + ((C/(eta_compute*peak))^p + (M/(eta_memory*bandwidth))^p)^(1/p). p = 'inf' is the classic roofline maximum. */
export type OpFit = Entry<typeof opFit>;
/** t = (t0^p + (bytes/rate)^p)^(1/p) by message bytes. */
export type CollectiveFit = Entry<typeof collectiveFit>;
/** What the measurements say beyond a fit: measured over fitted time on a grid, cleaned and averaged. */
export type OpTable = Entry<typeof opTable>;
/** File: catalog/efficiency/<hardware id>.json; files named _<vendor>.json hold the vendor's medians. */
export type Efficiency = Entry<typeof efficiencySchema>;

/** A joint prompt/output length distribution derived from a real trace. File: catalog/workloads/<id>.json. */
export type LengthShape = Entry<typeof shapeSchema>;

/** In nine of ten measured runs the figure lay within this many % of the predicted one, to either side. */
export type ErrorBand = Entry<typeof errorBand>;
/** Error bands by what step prices rest on, made by tools/validate (catalog/validation/error-bands.json). */
export type ErrorBands = Entry<typeof errorBandsSchema>;

/**
 * A regression on whole steps of one deployment, fitted to step traces (paper.md section 2). With N new tokens (prompt chunks and one
 * per decode), S sequences (chunks and decodes), K tokens in the caches of the decodes, and Q pairs of a prompt token and a token
 * that it attends to (n past + n(n+1)/2 of every chunk):
 *   seconds = fixed_s + sum_j new_token_s[j] * (what of N lies between knots[j] and knots[j+1]) + sequence_s * S
 *           + context_token_s * K + (prompt_step_s if there is a chunk) + prefill_pair_s * Q
 * No coefficient is negative, so that more work never takes less time. File: catalog/steps/<id>.json.
 */
export type StepFit = Entry<typeof stepFitSchema>;
