#pragma once
// Working memory of one thread on its way through the stages.

#include "../include/top.h"
#include "../rank/attention.h"
#include "../rank/online.h"
#include "../rank/ranker_inputs.h"
#include "../recall/content.h"
#include "../recall/fold_in.h"
#include "../recall/intent.h"
#include "../recall/repeats.h"
#include "../recall/rules.h"
#include "../recall/sessions.h"
#include "../state/candidates.h"
#include "reasons.h"

namespace kairank {

constexpr size_t kAskBatch = 16;  // asks that read the catalogue together

/// What a source that recalls by the shopper's own vector found for one ask.
struct VectorRecall {
  bool known = false;  // the shopper has a vector
  TopRows best;
  std::vector<float> scores;  // of every item, where all were scored; empty otherwise
};

/// What one ask of a batch keeps between the stages.
struct AskSlot {
  RowSet blocked;  // seen or excluded
  VectorRecall factors;
  VectorRecall sequence;
  VectorRecall content;
};

struct Scratch {
  std::vector<AskSlot> slots = std::vector<AskSlot>(kAskBatch);
  std::vector<float> factors;   // asks x dim: the shoppers' factors
  std::vector<float> intents;   // asks x dim: the same by the sequence model
  std::vector<float> contents;  // and by content
  std::vector<float> scanned;   // those of any that are scanned for, dense
  std::vector<uint64_t> allowed;
  std::vector<uint32_t> nearest;
  std::vector<float> late;  // scores of the newcomers
  FoldInScratch foldIn;
  IntentScratch intent;
  ContentScratch content;
  SparseScores rules;
  SessionScratch session;
  SparseScores sessions;
  SparseScores repeats;
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
  RankerScratch ranker;
  OnlineScratch online;
};

}  // namespace kairank
