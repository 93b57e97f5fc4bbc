/** kairank: exports, nothing else. */

export {
  type Catalog,
  type CatalogDefinition,
  defineCatalog,
  type Field,
  type FieldKind,
  type Fields,
  type FieldSpec,
  type Item,
  type StoredFields,
  type StoredItem,
} from './catalog/schema.js';
export type { Where } from './catalog/where.js';
export { Engine, type EngineStats, type Events, type Items, type ModelsInfo, type OpenOptions, type ShareToken } from './engine.js';
export { ERROR_CODES, type ErrorCode, type ErrorDetails, KairankError } from './errors.js';
export type { LearnedModel, Phase, TrainOptions, TrainProgress, TrainReport, TrainResult } from './learn/types.js';
export type { DispatchInfo, SourceName, TargetName, Trial } from './native.js';
export {
  type Answer,
  type RankAnswer,
  type RankedItem,
  type RankRequest,
  type Reason,
  type RecommendRequest,
  SCENARIOS,
  type ScenarioName,
  type SimilarRequest,
} from './pipeline/requests.js';
export {
  type AddedEvents,
  DEFAULT_WEIGHTS,
  EVENT_TYPES,
  type EventTypes,
  type EventTypeSpec,
  type HistoryEvent,
  type Shopper,
  type ShopEvent,
  type VisitEvent,
} from './shopper/events.js';
