#pragma once
// What training leaves behind, as recall and rank read it. A ModelSet is immutable once published.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "../include/limits.h"

namespace kairank {

class VectorIndex;

/// Sequential item-item rules (Ludewig & Jannach 2018): row a holds the items that follow a, strongest first.
struct RulesModel {
  uint32_t items = 0;
  std::vector<uint64_t> offsets;  // items + 1
  std::vector<uint32_t> columns;
  std::vector<float> values;  // already normalised by popularity
  float decay = 0.85f;        // weight of a history event: decay^(age in events)
  uint32_t maxEvents = 200;   // only the last events of a history vote
};

/// Implicit-feedback factors (Hu et al. 2008; Rendle et al. 2021). Items without training events have zero factors.
struct FactorsModel {
  uint32_t items = 0;
  uint32_t dim = 0;
  std::vector<float> factors;  // items x dim, row-major
  std::vector<float> gram;     // dim x dim: alpha0 * V^T V, what a fold-in adds to
  float regularisation = 0;    // lambda of a fold-in: regularisation * (n + alpha0 * items)^nu, n = sum of weights
  float alpha0 = 0;            // weight of an unobserved pair
  float nu = 1;
  float decay = 1;           // weight of a history event in the fold-in: decay^(age in events)
  uint32_t maxEvents = 200;  // only the last events of a history are folded in

  // What completeFactors derives from the fields above.
  bool diagonal = false;          // the gram is diagonal: a short history folds in without a dim x dim system
  std::vector<uint64_t> trained;  // bit r: row r has factors

  bool has(uint32_t row) const { return row < items && ((trained[row >> 6] >> (row & 63)) & 1); }
};

/// How a candidate is scored against the shopper's last events.
struct AttentionModel {
  float scale = 8;          // sharpness of the softmax over cosine similarities
  float decay = 0.8f;       // bias of an event: log(weight) + age * log(decay)
  uint32_t maxEvents = 50;  // only the last events are attended
};

/// Sources of a candidate. The order is part of the bundle and of a reply's bit mask.
enum class Source : uint32_t { rules, factors, attention, popularity };
constexpr size_t kSources = 4;

/// Final score: sum over sources of weight * z-score within the request (0 where missing) - missing * (source absent).
struct Blend {
  std::array<float, kSources> weight{};
  std::array<float, kSources> missing{};
};

struct ModelSet {
  uint32_t items = 0;  // rows the models know; later rows have no model yet
  std::shared_ptr<const RulesModel> rules;
  std::shared_ptr<const FactorsModel> factors;
  std::shared_ptr<const VectorIndex> factorsIndex;  // what recall searches the factors in
  std::vector<float> unitFactors;  // items x dim, factors at unit length, the keys and queries of attention
  AttentionModel attention;
  std::vector<float> popularity;     // items, weighted count of positive events
  std::vector<float> logPopularity;  // items, log(1 + popularity): what a blend reads
  std::vector<uint32_t> popular;     // items by popularity, best first, at most a few thousand
  Blend blend;
  bool excludeSeen = true;  // learned on validation; a request may say otherwise
};

/// Derives `diagonal` and `trained`.
/// @throws Error(invalidArgument) when a size is wrong or a number is not finite.
void completeFactors(FactorsModel& model);

/// Checks offsets, columns and values, wherever they come from.
/// @throws Error(invalidArgument)
void checkRules(const RulesModel& model);

}  // namespace kairank
