#include "feedback.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace kairank {

void Feedback::restart(const ModelSet& models) {
  const std::vector<float>& popularity = models.counts->popularity;
  auto layer = std::make_shared<OnlineLayer>();
  layer->counts = models.counts;
  layer->total = std::accumulate(popularity.begin(), popularity.end(), 0.0) + static_cast<double>(popularity.size());
  layer->weights.assign(onlineWidth(models), 0.0f);
  std::lock_guard<std::mutex> lock(mutex_);
  learner_.emplace(layer->weights.size());
  layer_ = std::move(layer);
}

std::shared_ptr<const OnlineLayer> Feedback::layer(const ModelSet& models) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return layer_ && layer_->of(models) ? layer_ : nullptr;
}

void Feedback::shown(uint64_t request, const OnlineLayer& layer, const Answer& answer) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (lists_.size() < kLists && next_ == lists_.size()) lists_.emplace_back();
  List& list = lists_[next_];
  const auto before = places_.find(list.request);
  if (before != places_.end() && before->second == next_) places_.erase(before);
  list.request = request;
  list.counts = layer.counts;
  const size_t kept = answer.trained.size();
  list.rows.assign(answer.rows.begin(), answer.rows.begin() + static_cast<std::ptrdiff_t>(kept));
  list.inputs = answer.onlineInputs;
  list.trained = answer.trained;
  places_[request] = next_;
  next_ = (next_ + 1) % kLists;
}

void Feedback::learn(const Choice& choice) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = places_.find(choice.request);
  const List* const list = found == places_.end() ? nullptr : &lists_[found->second];
  if (!list || !layer_ || list->counts != layer_->counts) {
    counts_.missed++;
    return;
  }
  const auto row = std::find(list->rows.begin(), list->rows.end(), choice.row);
  if (row == list->rows.end()) {
    counts_.missed++;
    return;
  }
  const size_t place = static_cast<size_t>(row - list->rows.begin());
  const ShownList shown{list->inputs.data(), list->trained.data(), list->rows.size()};
  if (shown.count < 2) return;
  const OnlineTurn turn = learner_->learn(shown, place, choice.weight, probabilities_);
  counts_.learned++;
  counts_.rollbacks += turn == OnlineTurn::rolledBack;
  counts_.drifts += turn == OnlineTurn::drifted;
  if (choice.weight > 0) {
    for (size_t i = 0; i < shown.count; i++) {
      statistics.chosen(list->rows[i], probabilities_[i], i == place ? 1.0f : 0.0f);
    }
  }
  publish();
}

void Feedback::publish() {
  auto layer = std::make_shared<OnlineLayer>(*layer_);
  layer->weights = learner_->weights();
  layer->idle = learner_->idle();
  layer_ = std::move(layer);
}

FeedbackCounts Feedback::counts() const {
  std::lock_guard<std::mutex> lock(mutex_);
  FeedbackCounts counts = counts_;
  if (learner_) counts.insight = learner_->insight();
  return counts;
}

std::vector<float> Feedback::state() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return learner_ && !learner_->idle() ? learner_->state() : std::vector<float>();
}

bool Feedback::resume(const std::vector<float>& state) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!learner_ || !learner_->resume(state)) return false;
  publish();
  return true;
}

}  // namespace kairank
