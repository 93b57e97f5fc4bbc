#pragma once
// Sequential item-item rules (Ludewig & Jannach 2018, sections 3.1 and 3.2, with distance weights and scaling by
// popularity).

#include <memory>

#include "../include/control.h"
#include "../state/models.h"
#include "dataset.h"

namespace kairank {

/// The defaults are what validation chose on several shops' data, rounded.
struct RuleSettings {
  double window = 20;  // whole: events at most this far apart are a pair
  double power = 0.5;  // a pair counts 1 / distance^power
  double back = 0.25;  // share of a pair that also counts against the order of time
  double alpha = 0.5;  // row a is divided by (popularity(a) + 1)^alpha
  double beta = 0.1;   // column e is divided by (popularity(e) + 1)^beta
  double ageing = 0;   // a pair counts exp(-ageing * share of all events that are newer than the later of the two)
  double decay = 0.6;  // weight of a history event: decay^(age in events)
};

/// The settings by name, as trials and bundles write them.
std::vector<std::pair<std::string, double>> named(const RuleSettings& settings);

/// @throws Error(invalidArgument) on a setting out of range.
void checkSettings(const RuleSettings& settings);

constexpr uint32_t kMaxRuleWindow = 1000;
constexpr size_t kRuleColumns = 400;  // strongest rules kept for each item

/// What rules are counted from.
struct RuleEvents {
  RuleEvents(const Histories& histories, uint32_t items)
      : positives(positivesOf(histories, items)), newer(newerShares(histories)) {}

  Positives positives;
  std::vector<float> newer;
};

/// Counts the pairs (a, e) of one user's positive events, sqrt(weight_a weight_e) / distance^power from a to e and
/// `back` times that from e to a, scales by popularity, and keeps the strongest of each row. Linear in events x window.
std::shared_ptr<RulesModel> fitRules(const RuleEvents& events, const RuleSettings& settings, uint32_t threads,
                                     const Control& control);

struct LearnedRules {
  std::shared_ptr<const RulesModel> rules;
  RuleSettings settings;
  std::vector<Trial> trials;
};

/// `items` counts a pair alike whichever came first, over whole histories: item kNN.
enum class RuleKind { sequential, items };

/// Chooses the settings on the validation cases by NDCG@10, one after another through their grids for two rounds, then
/// fits on train; the defaults when there are no cases. Long data is searched on a seeded sample of users and cases.
/// The result does not depend on `threads`. The sequential grids hold the settings of item kNN, too.
LearnedRules learnRules(const Dataset& data, bool excludeSeen, uint64_t seed, uint32_t threads, Control& control,
                        RuleKind kind = RuleKind::sequential);

}  // namespace kairank
