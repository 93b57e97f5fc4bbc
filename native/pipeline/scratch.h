#pragma once
// Working memory of one thread on its way through the stages.

#include "../include/top.h"
#include "../rank/attention.h"
#include "../recall/fold_in.h"
#include "../recall/rules.h"
#include "../state/candidates.h"
#include "reasons.h"

namespace kairank {

constexpr size_t kAskBatch = 16;  // asks that read the catalogue together

/// What one ask of a batch keeps between the stages.
struct AskSlot {
  RowSet blocked;  // seen or excluded
  TopRows factors;
  bool folded = false;  // the shopper has factors
};

struct Scratch {
  std::vector<AskSlot> slots = std::vector<AskSlot>(kAskBatch);
  std::vector<float> queries;  // asks x dim: the shoppers' factors
  std::vector<float> scanned;  // those of them that are scanned for, dense
  FoldInScratch foldIn;
  SparseScores rules;
  TopRows top;
  RowSet taken;
  std::vector<Vote> votes;
  Candidates candidates;
  Attended attended;
  std::vector<float> z;
  std::vector<float> parts;
  std::vector<double> scores;
  std::vector<uint32_t> order;
  ReasonScratch reasons;
};

}  // namespace kairank
