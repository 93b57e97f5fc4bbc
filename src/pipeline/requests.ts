/** What can be asked of an engine, and what it answers. */

import type { FieldName, Fields, StoredFields } from '../catalog/schema.js';
import type { Where } from '../catalog/where.js';
import type { SourceName, StageName } from '../native.js';
import type { VisitEvent } from '../shopper/events.js';

/** How a list is meant; see scenarios.ts for what each one sets. */
export const SCENARIOS = ['for-you', 'discover', 'continue'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** What an answer was to: the scenario of `recommend`, or the call. */
export type AnswerScenario = ScenarioName | 'rank' | 'similar';

/** Where the time of an answer went, in milliseconds. */
export interface AnswerTiming {
  scenario: AnswerScenario;
  /** From the call to the answer. */
  total: number;
  /** Of these, waiting for a thread of the pool. */
  waited: number;
  /** Of these, recall and ranking, beside the requests answered in the same batch. */
  native: number;
}

interface CommonOptions<F extends Fields, N extends FieldName<F>> {
  /** Which items may be shown. */
  where?: Where<F>;
  /** Ids never to show. */
  exclude?: readonly string[];
  /** Whether each item says why it is there. Default: true. */
  reasons?: boolean;
  /** Fields to return with each item. Default: none. */
  fields?: readonly N[];
  signal?: AbortSignal;
  /** Milliseconds from the call after which it fails with KAIRANK_DEADLINE_EXCEEDED; 1 to 60,000. Default: none. */
  deadline?: number;
}

interface ShopperOptions {
  /** The shopper, by the id of their events. Give `user` or `events`. */
  user?: string;
  /** Or the events of an anonymous visit, oldest first; nothing of them is stored. At least one, at most 1,000. */
  events?: readonly VisitEvent[];
  /** What a user without a history gets: what is popular (the default), or KAIRANK_NOT_FOUND. */
  onUnknownUser?: 'popular' | 'error';
  /** Whether items that the shopper has positive events with are left out. Default: as the scenario says, else as learned by `train`. */
  excludeSeen?: boolean;
}

/** `recommend`: the k best items of the whole catalogue for a shopper. */
export interface RecommendRequest<F extends Fields = Fields, N extends FieldName<F> = FieldName<F>>
  extends CommonOptions<F, N>,
    ShopperOptions {
  /** Length of the list, 1 to 10,000. Default: 10. */
  k?: number;
  /** Default: 'for-you'. */
  scenario?: ScenarioName;
  /** Items that recall hands to ranking, k to 100,000. Default: the scenario's (500). */
  candidates?: number;
}

/** `rank`: the order of given items for a shopper. */
export interface RankRequest<F extends Fields = Fields, N extends FieldName<F> = FieldName<F>> extends CommonOptions<F, N>, ShopperOptions {
  /** Ids to rank, 1 to 10,000; unknown ones come back in `refused`. Nothing is left out for being seen unless `excludeSeen`. */
  items: readonly string[];
  /** How many to return. Default: all. */
  k?: number;
}

interface SimilarOptions<F extends Fields, N extends FieldName<F>> extends CommonOptions<F, N> {
  /** Length of the list, 1 to 10,000. Default: 10. */
  k?: number;
  /** As for `recommend`. */
  candidates?: number;
}

/** `similar`: the items most like one item, or nearest to what words say. */
export type SimilarRequest<F extends Fields = Fields, N extends FieldName<F> = FieldName<F>> = SimilarOptions<F, N> &
  (
    | {
        /** Its id. */
        item: string;
        text?: never;
      }
    | {
        /**
         * Words in any language, 1 to 10,000 characters: read as the text fields of an item that says nothing else, by the content tower
         * that `train` learned. Scores are cosines, -1 to 1; words that training never met find nothing.
         */
        text: string;
        item?: never;
      }
  );

export interface Reason {
  /**
   * `because-you`: an event of the shopper; `similar-to`: the item that was asked about; `matches`: the words that were; `popular`: what
   * others did.
   */
  kind: 'because-you' | 'similar-to' | 'matches' | 'popular';
  /** The item of that event, or that was asked about. */
  item?: string;
  /** The type of that event; `because-you` only. */
  type?: string;
  /** The event's share of what spoke for the item, 0 to 1. */
  weight: number;
  /** The same in words. */
  text: string;
}

export interface RankedItem<F extends Fields = Fields, N extends FieldName<F> = FieldName<F>> {
  id: string;
  /** Higher is better; comparable within one answer only. */
  score: number;
  /** Which sources put the item forward, or scored it. */
  sources: SourceName[];
  /** What each source added to the score. */
  parts: Partial<Record<SourceName, number>>;
  /** Strongest first; empty when `reasons` was false. */
  reasons: Reason[];
  /** Only when `fields` was given. */
  fields?: Pick<StoredFields<F>, N & keyof StoredFields<F>>;
}

export interface Answer<F extends Fields = Fields, N extends FieldName<F> = FieldName<F>> {
  /** For the impressions that follow. */
  requestId: string;
  /** Best first. */
  items: RankedItem<F, N>[];
  /**
   * Stages that were left out to make the deadline, or because requests had waited long (`pressure`), in the order in which they are
   * given up: reasons, the ranker, attention. Empty when the answer is whole.
   */
  degraded: StageName[];
  /** Fewer than k items could be shown. */
  underfilled: boolean;
  /** Milliseconds from the call to the answer. */
  took: number;
}

export interface RankAnswer<F extends Fields = Fields, N extends FieldName<F> = FieldName<F>> extends Answer<F, N> {
  /** Ids that are unknown, excluded or not eligible. */
  refused: string[];
}
