#pragma once
// Made-up models of every kind, histories and requests, for the tests of a request's way.

#include <memory>
#include <vector>

#include "../../../native/pipeline/stages.h"
#include "../../../native/recall/make_models.h"
#include "../learn/shop.h"

namespace made_up {

using namespace kairank;

constexpr uint32_t kItems = 250;
constexpr double kDay = 86400e3;
constexpr size_t kAttention = static_cast<size_t>(Source::attention);

struct With {
  bool rules = true;
  bool factors = true;
  bool sequence = true;
  bool content = true;
  std::shared_ptr<const RankerModel> ranker = nullptr;
  bool blendsAttention = true;
};

inline std::shared_ptr<const ModelSet> modelsOf(Random& random, const With& with) {
  std::vector<float> popularity(kItems);
  for (float& count : popularity) count = static_cast<float>(random.below(9));
  Blend blend;
  blend.weight = {0.5f, 0.4f, 0.6f, 0.1f, 0.8f, 0.3f, 0.9f, 0.7f};
  blend.missing = {0.7f, 0.2f, 0.3f, 0, 0.1f, 0.2f, 0.4f, 0.5f};
  if (!with.blendsAttention) blend.weight[kAttention] = blend.missing[kAttention] = 0;
  AttentionModel attention;
  attention.scale = 5;
  attention.halfLife = 20;
  attention.returning = 0.7f;
  ModelParts parts;
  for (float count : popularity) parts.recent.push_back(static_cast<float>(count * random.uniform()));
  for (uint32_t row = 0; row < kItems; row++)
    parts.returns.push_back(static_cast<float>(0.05 + 0.9 * random.uniform()));
  parts.popularity = popularity;
  if (with.rules) parts.rules = std::make_shared<RulesModel>(randomRules(random, kItems, 20));
  if (with.factors) parts.factors = std::make_shared<FactorsModel>(randomFactors(random, kItems, 16, true));
  if (with.sequence) parts.sequence = std::make_shared<SequenceModel>(randomSequence(random, kItems));
  if (with.sequence) parts.sessions = std::make_shared<SessionsModel>(randomSessions(random, kItems));
  if (with.content) parts.content = std::make_shared<ContentModel>(randomContent(random, kItems));
  parts.attention = attention;
  parts.blend = blend;
  parts.ranker = with.ranker;
  return makeModels(std::move(parts));
}

/// Rows below `rows`; some are newer than the models. Some weeks lie between one event and the next, or nothing.
inline std::vector<HistoryEvent> historyOf(Random& random, size_t count, uint32_t rows = kItems + 10) {
  std::vector<HistoryEvent> out;
  double at = 1.7e12;
  for (size_t i = 0; i < count; i++) {
    const float weights[] = {1, 1, 2, 0.5f, 0, -1};
    out.push_back(event(static_cast<uint32_t>(random.below(rows)), weights[random.below(6)]));
    out.back().at = at += random.below(3) == 0 ? 0 : random.uniform() * 20 * kDay;
  }
  return out;
}

inline Ask askOf(const std::vector<HistoryEvent>& history) {
  Ask ask;
  ask.events = history.data();
  ask.eventCount = history.size();
  ask.eligible.rows = kItems + 10;
  ask.k = 20;
  ask.candidates = 1000;
  return ask;
}

}  // namespace made_up
