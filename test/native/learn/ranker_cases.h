#pragma once
// Made-up cases for the ranker, and its network in double precision.

#include <algorithm>
#include <cmath>
#include <vector>

#include "../../../native/include/random.h"
#include "../../../native/learn/ranker/table.h"
#include "../../../native/recall/make_models.h"
#include "../rank/inputs_by_hand.h"
#include "shop.h"

/// Made-up candidates: inputs about numbers of any size, the blend's own score falling from 0.
inline std::vector<kairank::RankerCase> randomCases(kairank::Random& random, size_t count, size_t rows) {
  std::vector<kairank::RankerCase> out(count);
  for (kairank::RankerCase& one : out) {
    double below = 0;
    for (size_t r = 0; r < rows; r++) {
      for (size_t i = 0; i < kairank::kRankerInputs; i++) {
        // One input never varies.
        const double value = i == 5 ? 3 : random.normal() * static_cast<double>(1 + i % 4) + static_cast<double>(i % 3);
        one.inputs.push_back(static_cast<float>(value));
      }
      one.inputs[r * kairank::kRankerInputs + blendInputByHand()] = static_cast<float>(-below);
      below += random.uniform() * 0.3;
    }
    for (size_t t = random.below(4); t > 0; t--) one.targets.push_back(static_cast<uint32_t>(random.below(rows)));
    one.wanted = static_cast<uint32_t>(one.targets.size() + random.below(2));
  }
  return out;
}

inline std::vector<double> inputsOf(const kairank::RankerCase& one, size_t row) {
  const auto first = one.inputs.begin() + static_cast<std::ptrdiff_t>(row * kairank::kRankerInputs);
  return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(kairank::kRankerInputs));
}

/// Models of every kind.
inline std::shared_ptr<const kairank::ModelSet> mixedModels(kairank::Random& random, uint32_t items) {
  kairank::ModelParts parts;
  for (uint32_t row = 0; row < items; row++) {
    parts.popularity.push_back(static_cast<float>(1 + random.below(9)));
    parts.recent.push_back(static_cast<float>(random.uniform() * 3));
  }
  parts.rules = std::make_shared<kairank::RulesModel>(randomRules(random, items, 12));
  parts.factors = std::make_shared<kairank::FactorsModel>(randomFactors(random, items, 6, true));
  parts.sequence = std::make_shared<kairank::SequenceModel>(randomSequence(random, items));
  parts.sessions = std::make_shared<kairank::SessionsModel>(randomSessions(random, items));
  parts.content = std::make_shared<kairank::ContentModel>(randomContent(random, items));
  parts.attributes = kairank::makeAttributes(randomAttributes(random, items));
  parts.blend.weight = {0.5f, 0.4f, 0, 0.1f, 0.8f, 0.3f, 0.9f, 0.7f};
  parts.blend.missing = {0.7f, 0.2f, 0, 0, 0.1f, 0.2f, 0.4f, 0.5f};
  return kairank::makeModels(std::move(parts));
}

/// Random histories, each some time after the one before.
inline kairank::Cases timedCases(kairank::Random& random, uint32_t users, uint32_t items) {
  kairank::Histories histories = randomHistories(random, users, items, 14);
  double at = 1.7e12;
  for (kairank::HistoryEvent& one : histories.events) one.at = at += random.uniform() * 15 * kairank::kDayMillis;
  return casesOf(histories);
}
