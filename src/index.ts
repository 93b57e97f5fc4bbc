/** kairank: exports, nothing else. */

export type { Items } from './catalog/collection.js';
export type { PutVectorsOptions } from './catalog/put-vectors.js';
export {
  type Catalog,
  type CatalogDefinition,
  defineCatalog,
  type Field,
  type FieldKind,
  type FieldSpec,
  type Fields,
  type Item,
  type PlainFieldSpec,
  type PlainKind,
  type StoredFields,
  type StoredItem,
  type VectorFieldSpec,
  type VectorName,
} from './catalog/schema.js';
export type { Where } from './catalog/where.js';
export { Engine, type EngineStats } from './engine.js';
export { ERROR_CODES, type ErrorCode, type ErrorDetails, KairankError } from './errors.js';
export type { NextEventReport, NextOutcomeReport } from './learn/next-event.js';
export type { EngineEvents, OnlineInfo } from './learn/online.js';
export type {
  LearnedContent,
  LearnedModel,
  ModelsInfo,
  Phase,
  TrainOptions,
  TrainProgress,
  TrainReport,
  TrainResult,
} from './learn/types.js';
export type { DispatchInfo, SourceName, StageName, TargetName, Trial } from './native.js';
export type { OpenOptions } from './opening.js';
export {
  type Answer,
  type AnswerScenario,
  type AnswerTiming,
  type RankAnswer,
  type RankedItem,
  type RankRequest,
  type Reason,
  type RecommendRequest,
  SCENARIOS,
  type ScenarioName,
  type SimilarRequest,
} from './pipeline/requests.js';
export type { ShareToken } from './sharing.js';
export {
  type AddedEvents,
  DEFAULT_WEIGHTS,
  EVENT_TYPES,
  type EventTypeSpec,
  type EventTypes,
  type HistoryEvent,
  type ShopEvent,
  type Shopper,
  type VisitEvent,
} from './shopper/events.js';
export type { BandInterest, Interest, Interests, ValueInterest } from './shopper/interests.js';
export type { NextEvent, NextOutcome } from './shopper/next-event.js';
export type { Events } from './shopper/stream.js';
