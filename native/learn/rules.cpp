#include "rules.h"

#include <algorithm>
#include <cmath>

#include "../include/parallel.h"
#include "../include/status.h"

namespace kairank {

namespace {

struct Rule {
  float value;
  uint32_t column;
};

/// One row of the matrix, by a thread of its own memory.
class RowCounter {
 public:
  /// `fresh`: what a pair whose later event this is counts, by its age; empty: all alike.
  RowCounter(const Positives& positives, const std::vector<float>& fresh, const RuleSettings& settings,
             const std::vector<float>& columnScale)
      : positives_(positives),
        fresh_(fresh),
        settings_(settings),
        columnScale_(columnScale),
        window_(static_cast<uint32_t>(settings.window)),
        counts_(positives.itemCount(), 0.0) {
    for (uint32_t d = 1; d <= window_; d++) shares_.push_back(std::pow(d, -settings.power));
  }

  /// The strongest rules of row `item`, best first.
  const std::vector<Rule>& count(uint32_t item) {
    for (uint64_t i = positives_.itemOffsets[item]; i < positives_.itemOffsets[item + 1]; i++) {
      countAround(positives_.places[i]);
    }
    const double rowScale = std::pow(positives_.popularity[item] + 1.0, -settings_.alpha);
    rules_.clear();
    for (uint32_t column : touched_) {
      const float value = static_cast<float>(counts_[column] * rowScale * columnScale_[column]);
      counts_[column] = 0;
      if (value > 0 && std::isfinite(value)) rules_.push_back({value, column});
    }
    touched_.clear();
    const auto stronger = [](const Rule& a, const Rule& b) {
      return a.value != b.value ? a.value > b.value : a.column < b.column;
    };
    if (rules_.size() > kRuleColumns) {
      std::nth_element(rules_.begin(), rules_.begin() + kRuleColumns, rules_.end(), stronger);
      rules_.resize(kRuleColumns);
    }
    std::sort(rules_.begin(), rules_.end(), stronger);
    return rules_;
  }

 private:
  void countAround(uint64_t place) {
    const uint32_t user = positives_.users[place];
    const uint64_t begin = positives_.offsets[user];
    const uint64_t end = positives_.offsets[user + 1];
    const uint64_t last = std::min<uint64_t>(end, place + window_ + 1);
    for (uint64_t other = place + 1; other < last; other++) add(place, other, shares_[other - place - 1]);
    if (settings_.back <= 0) return;
    const uint64_t first = place - begin > window_ ? place - window_ : begin;
    for (uint64_t other = first; other < place; other++) add(place, other, settings_.back * shares_[place - other - 1]);
  }

  void add(uint64_t place, uint64_t other, double share) {
    const uint32_t column = positives_.rows[other];
    if (!fresh_.empty()) share *= fresh_[std::max(place, other)];
    if (counts_[column] == 0) touched_.push_back(column);
    counts_[column] += share * std::sqrt(static_cast<double>(positives_.weights[place]) * positives_.weights[other]);
  }

  const Positives& positives_;
  const std::vector<float>& fresh_;
  const RuleSettings& settings_;
  const std::vector<float>& columnScale_;
  const uint32_t window_;
  std::vector<double> shares_;  // of a pair, by distance - 1
  std::vector<double> counts_;
  std::vector<uint32_t> touched_;
  std::vector<Rule> rules_;
};

}  // namespace

std::vector<std::pair<std::string, double>> named(const RuleSettings& settings) {
  return {{"window", settings.window}, {"power", settings.power},   {"back", settings.back},  {"alpha", settings.alpha},
          {"beta", settings.beta},     {"ageing", settings.ageing}, {"decay", settings.decay}};
}

void checkSettings(const RuleSettings& settings) {
  const auto share = [](double value, double most) { return value >= 0 && value <= most; };
  if (!(settings.window >= 1 && settings.window <= kMaxRuleWindow) || settings.window != std::floor(settings.window) ||
      !share(settings.power, 4) || !share(settings.back, 1) || !share(settings.alpha, 2) || !share(settings.beta, 2) ||
      !share(settings.ageing, 100) || !(settings.decay > 0 && settings.decay <= 1)) {
    throw Error(
        Status::invalidArgument,
        "rules: window must be from 1 to 1000, power from 0 to 4, back from 0 to 1, alpha and beta from 0 to 2, "
        "ageing from 0 to 100, decay above 0 and at most 1");
  }
}

std::shared_ptr<RulesModel> fitRules(const RuleEvents& events, const RuleSettings& settings, uint32_t threads,
                                     const Control& control) {
  checkSettings(settings);
  const Positives& positives = events.positives;
  std::vector<float> fresh;
  if (settings.ageing > 0) {
    for (float newer : events.newer) fresh.push_back(static_cast<float>(std::exp(-settings.ageing * newer)));
  }
  const uint32_t items = positives.itemCount();
  std::vector<float> columnScale(items);
  for (uint32_t i = 0; i < items; i++) {
    columnScale[i] = static_cast<float>(std::pow(positives.popularity[i] + 1.0, -settings.beta));
  }
  // Chunks keep their rows to themselves and are joined in order: the same model at any number of threads.
  constexpr size_t kChunk = 256;
  struct Chunk {
    std::vector<uint32_t> lengths;
    std::vector<Rule> rules;
  };
  std::vector<Chunk> chunks((items + kChunk - 1) / kChunk);
  std::vector<std::unique_ptr<RowCounter>> counters(std::max(1u, threads));
  parallelFor(threads, items, kChunk, control, [&](size_t thread, size_t begin, size_t end) {
    if (!counters[thread]) counters[thread] = std::make_unique<RowCounter>(positives, fresh, settings, columnScale);
    Chunk& chunk = chunks[begin / kChunk];
    for (size_t item = begin; item < end; item++) {
      const std::vector<Rule>& rules = counters[thread]->count(static_cast<uint32_t>(item));
      chunk.lengths.push_back(static_cast<uint32_t>(rules.size()));
      chunk.rules.insert(chunk.rules.end(), rules.begin(), rules.end());
    }
  });

  auto model = std::make_shared<RulesModel>();
  model->items = items;
  model->decay = static_cast<float>(settings.decay);
  model->offsets.reserve(items + 1);
  model->offsets.push_back(0);
  size_t total = 0;
  for (const Chunk& chunk : chunks) total += chunk.rules.size();
  model->columns.reserve(total);
  model->values.reserve(total);
  for (Chunk& chunk : chunks) {
    for (uint32_t length : chunk.lengths) model->offsets.push_back(model->offsets.back() + length);
    for (const Rule& rule : chunk.rules) {
      model->columns.push_back(rule.column);
      model->values.push_back(rule.value);
    }
    chunk = Chunk{};
  }
  return model;
}

}  // namespace kairank
