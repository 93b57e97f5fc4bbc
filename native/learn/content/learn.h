#pragma once
// The content tower of a shop, with as many epochs as items that it has not met are ranked best by.

#include <memory>

#include "../../include/control.h"
#include "../metrics.h"
#include "tower.h"

namespace kairank {

struct LearnedContent {
  std::shared_ptr<const ContentModel> content;
  TowerSettings settings;
  std::vector<Trial> trials;  // one an epoch
};

struct ContentSearch {
  uint64_t seed = 1;
  uint32_t threads = 1;
  /// Items that validation asks for and training has no events of; empty: a tenth of the items is withheld and asked
  /// for, and the tower that comes of it is trained again with them. Where nothing is asked for, settings keep their
  /// defaults.
  std::vector<uint32_t> newRows;
};

/// How well items are ranked that nobody has had, among one another: case by case, NDCG@10 and recall@10. `newRows`
/// rise; those that nothing is known of are not ranked.
std::vector<CaseQuality> newItemQualities(const ContentModel& model, const Cases& cases,
                                          const std::vector<uint32_t>& newRows, uint32_t threads,
                                          const Control& control);

/// Chooses the epochs, and trains. Null where nothing follows anything, or nothing is known of any item.
LearnedContent learnContent(const Dataset& data, const ContentFeatures& content, const ContentSearch& search,
                            Control& control);

/// Trains with given settings, nothing chosen; null as above.
std::shared_ptr<const ContentModel> fitContent(const Dataset& data, const ContentFeatures& content,
                                               const TowerSettings& settings, uint64_t seed, uint32_t threads,
                                               Control& control);

}  // namespace kairank
