#pragma once
// Which shoppers took up items that the models have no factors for, and the factors that follow from it: an item that
// came after training is recalled, attended to and folded into histories as soon as somebody wants it.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "../include/events.h"
#include "../state/content_model.h"
#include "../state/models.h"

namespace kairank {

class HistoryStore;

class NewcomerWatch {
 public:
  /// Looks at what was just added to the history of `user`; returns how many events name an item without factors.
  size_t note(const FactorsModel& factors, uint32_t user, const HistoryEvent* events, size_t count);

  /// Other models: everything is counted anew by the next `place`.
  void restart();

  /// The newcomers of these models as they are now: those that they have, with what changed since solved again. Where
  /// the models know what an item is about, its factors begin there, and move to what its shoppers say as there are
  /// more of them. Null when nothing changed, or when `stopped` says so. One thread at a time.
  std::shared_ptr<const Newcomers> place(const ModelSet& models, const HistoryStore& histories, uint32_t users,
                                         const std::function<bool()>& stopped);

 private:
  struct Followers {
    std::vector<uint32_t> users;  // distinct, the latest kFollowers, the last one last
    bool changed = false;
  };

  using Changed = std::unordered_map<uint32_t, std::vector<uint32_t>>;  // row -> shoppers

  /// Rows that changed since the last call, and who took them up.
  Changed take(const FactorsModel& factors);
  void giveBack(const Changed& changed);
  void fold(const ModelSet& models, const HistoryStore& histories, uint32_t row, const std::vector<uint32_t>& shoppers,
            float* factors) const;

  std::mutex mutex_;
  uint64_t models_ = 0;                                // counts restarts
  std::shared_ptr<const ContentModel> mapped_;         // what contentMap_ is of
  std::vector<float> contentMap_;                      // factor dim x content dim: from content to factors
  bool counted_ = false;                               // the histories have been looked through for these models
  std::unordered_map<uint32_t, Followers> followers_;  // by row
};

}  // namespace kairank
