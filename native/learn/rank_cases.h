#pragma once
// Where the targets of cases come out when models rank the catalogue for them: what evaluation reports and what
// learners choose settings by.

#include <vector>

#include "../include/control.h"
#include "../pipeline/stages.h"
#include "dataset.h"
#include "metrics.h"

namespace kairank {

/// `engine` is the whole way of a request; the others rank every row by one model.
enum class RankedBy { engine, rules, factors, attention, popularity, sequence, sessions, content };

struct RankOptions {
  RankedBy model = RankedBy::engine;
  bool excludeSeen = true;
  uint32_t candidates = 500;  // `engine` alone
  uint32_t k = 0;             // length of the lists in `top`
  uint32_t threads = 1;
  std::vector<uint32_t> within;  // rows that may be shown; empty: all
};

/// Eligible are all rows of the models less those of positive events in the history when seen items are excluded.
/// A target that nobody scored counts as tied last with all other eligible rows without a score; one that is not
/// eligible comes after all that are.
struct RankedCases {
  std::vector<TargetRank> ranks;   // of each target of the cases, in their order
  std::vector<uint32_t> eligible;  // of each case
  std::vector<uint32_t> scored;    // of each case: eligible rows that got a score
  std::vector<uint32_t> top;       // cases x k, best first, kNoRow where a list is shorter
};

/// Ranks the cases named in `chosen` (indexes into `cases`); results are in the order of `chosen`.
/// @throws Error(aborted) when cancelled; Error(invalidArgument) when the models lack what is to rank.
RankedCases rankCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                      const RankOptions& options, Control& control);

/// NDCG@10 and recall@10 of every chosen case.
std::vector<CaseQuality> qualities(const RankedCases& ranked, const Cases& cases, const std::vector<uint32_t>& chosen);

}  // namespace kairank
