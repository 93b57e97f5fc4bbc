#pragma once
// What training leaves behind, as recall and rank read it. A ModelSet is immutable once published.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "../include/limits.h"
#include "attributes.h"

namespace kairank {

class IntentEncoder;
class VectorIndex;
struct ContentModel;

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
  std::vector<float>
      userGram;              // dim x dim: alpha0 * U^T U, what the fold-in of an item adds to; empty: none is folded in
  uint32_t users = 0;        // rows of U
  float decay = 1;           // weight of a history event in the fold-in: decay^(age in events)
  uint32_t maxEvents = 200;  // only the last events of a history are folded in

  // What completeFactors derives from the fields above.
  bool diagonal = false;          // the gram is diagonal: a short history folds in without a dim x dim system
  std::vector<uint64_t> trained;  // bit r: row r has factors

  bool has(uint32_t row) const { return row < items && ((trained[row >> 6] >> (row & 63)) & 1); }
};

/// Sessions of others, to find those like this one (Ludewig & Jannach 2018, session-based nearest neighbours; the three
/// decays are those of Garg et al. 2019, "STAN"). A session is a history, its distinct items in the order of their last
/// event.
struct SessionsModel {
  uint32_t items = 0;
  std::vector<uint64_t> offsets;  // sessions + 1; later sessions are newer
  std::vector<uint32_t> rows;     // items of each session, oldest first
  float decay = 0.5f;             // of an event of this session, by its age in events
  float ageing = 0;               // of a session: exp(-ageing * share of the sessions that are newer)
  float distance = 0.5f;          // of an item of another session: exp(-distance * places from the shared one, less 1)
  float back = 1;                 // share of an item that stands before the shared one
  float rarity = 0;               // an item's votes are divided by (sessions that have it)^rarity
  uint32_t neighbours = 200;      // sessions that vote
  uint32_t maxEvents = 50;        // only the last events of a history are looked for in others

  // What completeSessions derives from the fields above.
  std::vector<uint64_t> itemOffsets;   // items + 1
  std::vector<uint32_t> itemSessions;  // sessions that have an item, newest first, at most kSessionSample of them
  std::vector<float> itemShare;        // items: 1 / (sessions that have it)^rarity

  uint32_t sessions() const { return offsets.empty() ? 0 : static_cast<uint32_t>(offsets.size() - 1); }
};

constexpr size_t kSessionSample = 500;  // newest sessions of an item that a request looks at

/// How a candidate is scored against the shopper's events.
struct AttentionModel {
  float scale = 8;          // sharpness of the softmax over cosine similarities
  float decay = 0.8f;       // bias of an event: log(weight) + age * log(decay)
  uint32_t maxEvents = 50;  // only the last events are attended
  float halfLife = 90;      // days in which having had an item says half as much for having it again
  float returning = 0;      // power of an item's returns that it is multiplied by
};

/// Sources of a candidate. The order is part of the bundle and of a reply's bit mask.
enum class Source : uint32_t { rules, factors, attention, popularity, sequence, sessions, content, repeats };
constexpr size_t kSources = 8;

/// Final score: sum over sources of weight * z-score within the request (0 where missing) - missing * (source absent).
struct Blend {
  std::array<float, kSources> weight{};
  std::array<float, kSources> missing{};
};

/// How often training saw each item. Arrays have one entry a row that the models know.
struct ItemCounts {
  std::vector<float> popularity;     // weighted count of positive events
  std::vector<float> logPopularity;  // log(1 + popularity): what a blend reads
  std::vector<float> recent;         // as popularity, of the last month of training alone
  std::vector<float> logRecent;      // log(1 + recent)
  std::vector<float> returns;        // share of chances to take it again that were taken; may be empty
  std::vector<uint32_t> popular;     // rows by popularity, best first, at most a few thousand
  std::vector<uint64_t> seen;        // bit r: training saw row r
};

/// Factors of items that training had none for: they came later, or had no events yet. Folded in from those who took
/// them up since (see foldInItem).
struct Newcomers {
  uint32_t dim = 0;
  std::vector<uint32_t> rows;      // rising
  std::vector<float> factors;      // rows x dim
  std::vector<float> unitFactors;  // the same at unit length

  /// Null for a row that is none of them.
  const float* factorsOf(uint32_t row) const { return find(row, factors); }
  const float* unitFactorsOf(uint32_t row) const { return find(row, unitFactors); }

 private:
  const float* find(uint32_t row, const std::vector<float>& vectors) const;
};

/// Content vectors of items that were put after training. Immutable.
struct LateContent {
  uint32_t dim = 0;
  std::vector<uint32_t> rows;                // rising
  std::vector<float> vectors;                // rows x dim, at unit length
  std::shared_ptr<const VectorIndex> index;  // of the vectors, where they are many; may be null

  /// Null for a row that is none of them.
  const float* vectorOf(uint32_t row) const;
};

/// A small network that orders the best candidates of the blend anew (see rank/ranker.h): inputs, standardised, to two
/// hidden layers with rectifiers, to what it adds to the blend's own score.
struct RankerModel {
  uint32_t inputs = 0;
  uint32_t hidden = 0;         // width of the first layer
  uint32_t narrow = 0;         // and of the second
  std::vector<float> mean;     // inputs
  std::vector<float> scale;    // inputs: 1 / deviation, 0 for an input that never varied
  std::vector<float> weights;  // first: inputs x hidden, then its biases; second: hidden x narrow, biases; last: narrow
  float trust = 1;             // what the blend's own score counts
  float slope = 1;             // probability of the goal = 1 / (1 + exp(-(slope x score + offset)))
  float offset = 0;
  uint32_t depth = 200;  // candidates that it orders

  // Where in the weights the second layer begins, and the last, and where all end.
  size_t secondAt() const { return static_cast<size_t>(inputs) * hidden + hidden; }
  size_t lastAt() const { return secondAt() + static_cast<size_t>(hidden) * narrow + narrow; }
  size_t weightCount() const { return lastAt() + narrow; }
};

/// @throws Error(invalidArgument) on wrong sizes and numbers that are not finite.
void checkRanker(const RankerModel& model);

/// All that a request is answered with. Immutable once published; a copy shares the models.
struct ModelSet {
  uint32_t items = 0;  // rows the models know; later rows have no model yet
  std::shared_ptr<const ItemCounts> counts;
  std::shared_ptr<const std::vector<float>> returning;  // returns ^ attention.returning; null: ones
  std::shared_ptr<const RulesModel> rules;
  std::shared_ptr<const FactorsModel> factors;
  std::shared_ptr<const std::vector<float>> unitFactors;  // items x dim, the keys and queries of attention
  std::shared_ptr<const VectorIndex> factorsIndex;        // what recall searches the factors in
  std::shared_ptr<const Newcomers> newcomers;             // with factors that training did not have; may be null
  std::shared_ptr<const SessionsModel> sessions;
  std::shared_ptr<const IntentEncoder> intents;      // the sequence model
  std::shared_ptr<const VectorIndex> sequenceIndex;  // what recall searches its items in
  std::shared_ptr<const ContentModel> content;
  std::shared_ptr<const VectorIndex> contentIndex;  // what recall searches its items in
  std::shared_ptr<const LateContent> lateContent;   // of items put after training, and of those put anew; may be null
  std::shared_ptr<const std::vector<uint64_t>> contentRows;  // bit r: training knew something of row r
  std::shared_ptr<const std::vector<uint64_t>> contentKept;  // and it was not put anew since
  std::shared_ptr<const AttributesModel> attributes;         // what the ranker knows of fields; may be null
  std::shared_ptr<const LateAttributes> lateAttributes;      // of items put after training, or anew; may be null
  AttentionModel attention;
  Blend blend;
  std::shared_ptr<const RankerModel> ranker;  // null: the blend's order stands
  bool excludeSeen = true;                    // learned on validation; a request may say otherwise

  /// Whether training saw the row: an item's embedding by the sequence model is noise where it did not.
  bool seen(uint32_t row) const { return row < items && ((counts->seen[row >> 6] >> (row & 63)) & 1); }

  /// The factors of a row, trained or folded in; null for none. Only where there are factors at all.
  const float* factorsOf(uint32_t row) const {
    if (factors->has(row)) return factors->factors.data() + static_cast<size_t>(row) * factors->dim;
    return newcomers ? newcomers->factorsOf(row) : nullptr;
  }
  /// The attributes of a row, where it has any. Only where there are attributes at all.
  ItemAttributes attributesOf(uint32_t row) const {
    if (lateAttributes) {
      const ItemAttributes late = lateAttributes->of(row);
      if (late.there) return late;
    }
    return attributes->of(row);
  }
  /// The content vector of a row; null for none. Only where there is content at all.
  const float* contentOf(uint32_t row) const;
  /// The same at unit length.
  const float* unitFactorsOf(uint32_t row) const {
    if (factors->has(row)) return unitFactors->data() + static_cast<size_t>(row) * factors->dim;
    return newcomers ? newcomers->unitFactorsOf(row) : nullptr;
  }
};

/// Derives `diagonal` and `trained`.
/// @throws Error(invalidArgument) when a size is wrong or a number is not finite.
void completeFactors(FactorsModel& model);

/// Checks offsets and rows, wherever they come from, and derives the rest.
/// @throws Error(invalidArgument)
void completeSessions(SessionsModel& model);

/// Checks offsets, columns and values, wherever they come from.
/// @throws Error(invalidArgument)
void checkRules(const RulesModel& model);

}  // namespace kairank
