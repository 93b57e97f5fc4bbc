#pragma once
// A made-up shop whose ranker knows better than its blend, and how well a ranker tells what is wanted.

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "../../../native/learn/ranker/learn.h"
#include "../../../native/rank/ranker.h"
#include "../../../native/recall/make_models.h"
#include "shop.h"

namespace ranker_shop {

using namespace kairank;

inline constexpr uint32_t kItems = 60;
inline constexpr uint32_t kKinds = 6;  // of items, by content: row % kKinds
inline constexpr size_t kHad = 8;
inline constexpr double kDay = 86400e3;

/// What decides what a shopper takes next.
enum class Taste { again, alike, chance };

/// Models that know popularity, and content, of which the blend hears popularity alone.
inline std::shared_ptr<const ModelSet> modelsOf(Random& random, bool excludeSeen,
                                                std::shared_ptr<const RankerModel> ranker) {
  ModelParts parts;
  for (uint32_t row = 0; row < kItems; row++) parts.popularity.push_back(static_cast<float>(1 + random.below(50)));
  auto content = std::make_shared<ContentModel>();
  content->items = kItems;
  content->dim = kKinds;
  for (uint32_t row = 0; row < kItems; row++) {
    std::vector<double> vector(kKinds);
    double square = 0;
    for (uint32_t d = 0; d < kKinds; d++) {
      vector[d] = (d == row % kKinds) + random.normal() * 0.1;
      square += vector[d] * vector[d];
    }
    for (double x : vector) content->vectors.push_back(static_cast<float>(x / std::sqrt(square)));
  }
  content->behaviour.assign(content->vectors.size(), 0.0f);
  parts.content = content;
  parts.blend.weight[static_cast<size_t>(Source::popularity)] = 1;
  parts.excludeSeen = excludeSeen;
  parts.ranker = std::move(ranker);
  return makeModels(std::move(parts));
}

/// Shoppers with a few items each and the one they take next: three times in four as their taste says, else anything.
inline Cases shoppers(Random& random, size_t count, Taste taste, bool excludeSeen) {
  Cases out;
  out.histories.offsets = {0};
  out.targetOffsets = {0};
  for (size_t c = 0; c < count; c++) {
    double at = 1.7e12;
    std::vector<uint32_t> had;
    while (had.size() < kHad) {
      const auto row = static_cast<uint32_t>(random.below(kItems));
      if (std::find(had.begin(), had.end(), row) != had.end()) continue;
      had.push_back(row);
      out.histories.events.push_back(event(row));
      out.histories.events.back().at = at += random.uniform() * 10 * kDay;
    }
    out.histories.offsets.push_back(out.histories.events.size());
    uint32_t target;
    const bool anything = taste == Taste::chance || random.below(4) == 0;
    do {
      target = anything ? static_cast<uint32_t>(random.below(kItems))
               : taste == Taste::again
                   ? had[kHad - 1 - random.below(2)]
                   : had[kHad - 1] % kKinds + kKinds * static_cast<uint32_t>(random.below(kItems / kKinds));
    } while (excludeSeen && std::find(had.begin(), had.end(), target) != had.end());
    out.targets.push_back(target);
    out.targetOffsets.push_back(out.targets.size());
  }
  return out;
}

inline std::vector<RankerCase> described(const ModelSet& models, const Cases& cases) {
  std::vector<uint32_t> all(cases.count());
  for (uint32_t c = 0; c < all.size(); c++) all[c] = c;
  return describeCases(models, cases, all, models.excludeSeen, 500, 200, 1, Control());
}

/// How often a row that was wanted is given a higher probability than one that was not, ties half.
inline double areaUnderCurve(const RankerModel& model, const std::vector<RankerCase>& cases) {
  std::vector<std::pair<double, bool>> all;
  std::vector<float> hidden, scores;
  for (const RankerCase& one : cases) {
    std::vector<float> inputs = one.inputs;
    scores.resize(one.rows());
    rankerScores(model, inputs.data(), one.rows(), hidden, scores.data());
    for (size_t r = 0; r < one.rows(); r++) {
      const bool wanted = std::find(one.targets.begin(), one.targets.end(), r) != one.targets.end();
      all.emplace_back(1 / (1 + std::exp(-(double{model.slope} * scores[r] + model.offset))), wanted);
    }
  }
  std::sort(all.begin(), all.end());
  double sum = 0, wanted = 0;
  for (size_t i = 0; i < all.size();) {
    size_t end = i;
    double tied = 0;
    while (end < all.size() && all[end].first == all[i].first) tied += all[end++].second;
    sum += tied * static_cast<double>(i + end + 1) / 2;
    wanted += tied;
    i = end;
  }
  return (sum - wanted * (wanted + 1) / 2) / (wanted * (static_cast<double>(all.size()) - wanted));
}

}  // namespace ranker_shop
