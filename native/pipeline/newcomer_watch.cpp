#include "newcomer_watch.h"

#include <algorithm>

#include "../dispatch/dispatch.h"
#include "../recall/content_map.h"
#include "../recall/fold_in.h"
#include "../recall/make_models.h"
#include "../state/history_store.h"
#include "../state/votes.h"

namespace kairank {

namespace {

constexpr size_t kFollowers = 256;      // shoppers of an item that are folded in
constexpr size_t kNewcomers = 8192;     // that a request scores one by one; more wait for the next training
constexpr size_t kHistoryLooked = 500;  // last events of a shopper

/// What a shopper's events of an item weigh together, as training would count them.
float weightOf(const std::vector<HistoryEvent>& events, uint32_t row) {
  float sum = 0;
  for (const HistoryEvent& event : events) {
    if (positive(event) && event.row == row) sum += std::min(event.weight, kMaxEventWeight);
  }
  return sum;
}

}  // namespace

size_t NewcomerWatch::note(const FactorsModel& factors, uint32_t user, const HistoryEvent* events, size_t count) {
  const auto unknown = [&](const HistoryEvent& event) { return positive(event) && !factors.has(event.row); };
  if (std::none_of(events, events + count, unknown)) return 0;
  std::lock_guard<std::mutex> lock(mutex_);
  size_t noted = 0;
  for (size_t i = 0; i < count; i++) {
    if (!unknown(events[i])) continue;
    noted++;
    auto found = followers_.find(events[i].row);
    if (found == followers_.end()) {
      if (followers_.size() >= kNewcomers) continue;
      found = followers_.emplace(events[i].row, Followers{}).first;
    }
    std::vector<uint32_t>& users = found->second.users;
    users.erase(std::remove(users.begin(), users.end(), user), users.end());
    if (users.size() == kFollowers) users.erase(users.begin());
    users.push_back(user);
    found->second.changed = true;
  }
  return noted;
}

void NewcomerWatch::restart() {
  std::lock_guard<std::mutex> lock(mutex_);
  followers_.clear();
  counted_ = false;
  models_++;
}

NewcomerWatch::Changed NewcomerWatch::take(const FactorsModel& factors) {
  Changed changed;
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto& [row, followers] : followers_) {
    // Noted for the models before these.
    if (!followers.changed || factors.has(row)) continue;
    changed.emplace(row, followers.users);
    followers.changed = false;
  }
  return changed;
}

void NewcomerWatch::giveBack(const Changed& changed) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& entry : changed) {
    const auto found = followers_.find(entry.first);
    if (found != followers_.end()) found->second.changed = true;
  }
}

void NewcomerWatch::fold(const ModelSet& models, const HistoryStore& histories, uint32_t row,
                         const std::vector<uint32_t>& shoppers, float* factors) const {
  const FactorsModel& model = *models.factors;
  const size_t dim = model.dim;
  FoldInScratch scratch;
  std::vector<HistoryEvent> events;
  std::vector<Vote> votes;
  std::vector<float> folded(shoppers.size() * dim);
  std::vector<float> weights;
  std::vector<const float*> known;
  for (size_t u = 0; u < shoppers.size(); u++) {
    histories.read(shoppers[u], kHistoryLooked, events);
    // By the items that training knew, and without decay, as an epoch of training has its shoppers.
    collectVotes(events.data(), events.size(), kAnyRow, 1, model.maxEvents, votes);
    const float weight = weightOf(events, row);
    float* shopper = folded.data() + u * dim;
    if (weight <= 0 || !foldIn(model, nullptr, votes, scratch, shopper)) continue;
    known.push_back(shopper);
    weights.push_back(weight);
  }
  const float* content = contentMap_.empty() ? nullptr : models.contentOf(row);
  if (known.empty() && !content) return;
  std::vector<float> prior(dim);
  if (content)
    kernels().dotF32(content, contentMap_.data(), models.content->dim, dim, models.content->dim, prior.data());
  foldInItem(model, known.data(), weights.data(), known.size(), content ? prior.data() : nullptr, scratch, factors);
}

std::shared_ptr<const Newcomers> NewcomerWatch::place(const ModelSet& models, const HistoryStore& histories,
                                                      uint32_t users, const std::function<bool()>& stopped) {
  const FactorsModel& factors = *models.factors;
  const Newcomers* before = models.newcomers.get();
  if (factors.userGram.empty()) return nullptr;
  std::unique_lock<std::mutex> lock(mutex_);
  const uint64_t generation = models_;
  const bool counted = counted_;
  lock.unlock();
  std::vector<HistoryEvent> events;
  // What is added meanwhile is noted beside this: an item counts a shopper once, however often it is told.
  for (uint32_t user = 0; !counted && user < users; user++) {
    if (stopped()) return nullptr;
    histories.read(user, kHistoryLooked, events);
    note(factors, user, events.data(), events.size());
  }
  lock.lock();
  if (models_ != generation) return nullptr;
  counted_ = true;
  lock.unlock();
  const Changed changed = take(factors);
  if (changed.empty()) return nullptr;
  if (models.content && mapped_ != models.content) {
    contentMap_ = mapContent(*models.content, factors);
    mapped_ = models.content;
  } else if (!models.content) {
    contentMap_.clear();
    mapped_ = nullptr;
  }

  auto placed = std::make_shared<Newcomers>();
  const size_t dim = placed->dim = factors.dim;
  for (const auto& entry : changed) placed->rows.push_back(entry.first);
  if (before) {
    for (uint32_t row : before->rows) {
      if (changed.count(row) == 0) placed->rows.push_back(row);
    }
  }
  std::sort(placed->rows.begin(), placed->rows.end());
  placed->factors.assign(placed->rows.size() * dim, 0.0f);
  for (size_t i = 0; i < placed->rows.size(); i++) {
    if (stopped()) {
      giveBack(changed);
      return nullptr;
    }
    const uint32_t row = placed->rows[i];
    float* to = placed->factors.data() + i * dim;
    const auto found = changed.find(row);
    if (found == changed.end()) {
      std::copy_n(before->factorsOf(row), dim, to);
    } else {
      fold(models, histories, row, found->second, to);
    }
  }
  placed->unitFactors = unitRows(placed->factors.data(), placed->rows.size(), dim);
  return placed;
}

}  // namespace kairank
