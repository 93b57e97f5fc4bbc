#pragma once
// Made-up shops for the tests of recall, rank and learn.

#include <cmath>
#include <vector>

#include "../../../native/include/random.h"
#include "../../../native/learn/dataset.h"
#include "../../../native/state/attributes.h"
#include "../../../native/state/content_model.h"
#include "../../../native/state/models.h"
#include "../../../native/state/sequence_model.h"

inline kairank::HistoryEvent event(uint32_t row, float weight = 1) { return {row, 0, 0, weight, 0}; }

/// Random histories with repeats, rows without an item, and weights of every sign.
inline kairank::Histories randomHistories(kairank::Random& random, uint32_t users, uint32_t items, size_t most) {
  kairank::Histories out;
  out.offsets.push_back(0);
  for (uint32_t user = 0; user < users; user++) {
    const size_t count = random.below(most + 1);
    for (size_t i = 0; i < count; i++) {
      // Squaring makes some items popular.
      const double place = random.uniform() * random.uniform();
      const uint32_t row = random.below(20) == 0 ? kairank::kNoRow : static_cast<uint32_t>(place * items);
      const float weights[] = {1, 1, 1, 0.5f, 3, 0, -1};
      out.events.push_back(event(row, weights[random.below(7)]));
    }
    out.offsets.push_back(out.events.size());
  }
  return out;
}

/// Each history's last positive event becomes the target, what is before it the history.
inline kairank::Cases casesOf(const kairank::Histories& histories) {
  kairank::Cases out;
  out.histories.offsets.push_back(0);
  out.targetOffsets.push_back(0);
  for (uint32_t user = 0; user < histories.users(); user++) {
    uint64_t last = histories.offsets[user + 1];
    while (last > histories.offsets[user] &&
           (histories.events[last - 1].weight <= 0 || histories.events[last - 1].row == kairank::kNoRow)) {
      last--;
    }
    const uint64_t end = last > histories.offsets[user] ? last - 1 : last;
    for (uint64_t e = histories.offsets[user]; e < end; e++) out.histories.events.push_back(histories.events[e]);
    out.histories.offsets.push_back(out.histories.events.size());
    if (last > histories.offsets[user]) out.targets.push_back(histories.events[last - 1].row);
    out.targetOffsets.push_back(out.targets.size());
  }
  return out;
}

inline kairank::RulesModel randomRules(kairank::Random& random, uint32_t items, size_t most) {
  kairank::RulesModel model;
  model.items = items;
  model.offsets.push_back(0);
  for (uint32_t row = 0; row < items; row++) {
    const size_t count = random.below(most + 1);
    uint32_t column = static_cast<uint32_t>(random.below(items));
    for (size_t i = 0; i < count; i++) {
      model.columns.push_back(column);
      model.values.push_back(static_cast<float>(random.uniform() + 0.01));
      column = (column + 1 + static_cast<uint32_t>(random.below(items / most))) % items;
    }
    model.offsets.push_back(model.columns.size());
  }
  return model;
}

inline kairank::SessionsModel randomSessions(kairank::Random& random, uint32_t items) {
  kairank::SessionsModel model;
  model.items = items;
  model.offsets.push_back(0);
  for (uint32_t session = 0; session < items; session++) {
    uint32_t row = static_cast<uint32_t>(random.below(items));
    for (size_t i = 2 + random.below(5); i > 0; i--) {
      model.rows.push_back(row);
      row = (row + 1 + static_cast<uint32_t>(random.below(9))) % items;
    }
    model.offsets.push_back(model.rows.size());
  }
  kairank::completeSessions(model);
  return model;
}

inline kairank::SequenceModel randomSequence(kairank::Random& random, uint32_t items) {
  kairank::SequenceModel model;
  model.config.items = items;
  model.config.dim = 12;
  model.config.heads = 2;
  model.config.hidden = 10;
  model.config.window = 5;
  const size_t size = kairank::SequenceLayout(model.config).size;
  for (size_t i = 0; i < size; i++) model.weights.push_back(static_cast<float>(random.normal() * 0.4));
  return model;
}

/// Vectors of content and behaviour; of some items nothing is known, of others nothing was learned beside it.
inline kairank::ContentModel randomContent(kairank::Random& random, uint32_t items) {
  kairank::ContentModel model;
  model.items = items;
  model.dim = 11;
  model.decay = 0.7f;
  model.maxEvents = 8;
  for (uint32_t row = 0; row < items; row++) {
    const bool known = random.below(5) != 0;
    const bool learned = known && random.below(3) != 0;
    std::vector<double> vector(model.dim);
    double square = 0;
    for (double& x : vector) {
      x = random.normal();
      square += x * x;
    }
    for (double x : vector) model.vectors.push_back(known ? static_cast<float>(x / std::sqrt(square)) : 0);
    for (uint32_t d = 0; d < model.dim; d++) {
      model.behaviour.push_back(learned ? static_cast<float>(random.normal() * 0.3) : 0);
    }
  }
  kairank::checkContent(model);
  return model;
}

/// What a shopper is after by content, from its definition: the decayed sum of content and behaviour of the last
/// positive events, at unit length. Empty where nothing is known of them.
inline std::vector<double> wantedContent(const kairank::ContentModel& model, const kairank::HistoryEvent* events,
                                         size_t count) {
  std::vector<double> sum(model.dim, 0.0);
  uint32_t age = 0;
  for (size_t e = count; e-- > 0 && age < model.maxEvents;) {
    if (!(events[e].weight > 0) || events[e].row == kairank::kNoRow) continue;
    const double weight = events[e].weight * std::pow(static_cast<double>(model.decay), age++);
    for (size_t d = 0; d < model.dim && events[e].row < model.items; d++) {
      const size_t at = static_cast<size_t>(events[e].row) * model.dim + d;
      sum[d] += weight * (static_cast<double>(model.vectors[at]) + model.behaviour[at]);
    }
  }
  double square = 0;
  for (double x : sum) square += x * x;
  if (square == 0) return {};
  for (double& x : sum) x /= std::sqrt(square);
  return sum;
}

/// The cosine of a shopper's content and an item's; NaN where nothing is known of the item.
inline double contentScore(const kairank::ContentModel& model, const std::vector<double>& wanted, uint32_t row) {
  double product = 0;
  bool known = false;
  for (size_t d = 0; d < model.dim; d++) {
    const float x = model.vectors[static_cast<size_t>(row) * model.dim + d];
    known = known || x != 0;
    product += wanted[d] * x;
  }
  return known ? product : NAN;
}

/// Some items are without factors, as after training on a part of the catalogue.
inline kairank::FactorsModel randomFactors(kairank::Random& random, uint32_t items, uint32_t dim, bool diagonal) {
  kairank::FactorsModel model;
  model.items = items;
  model.dim = dim;
  model.regularisation = 0.05f;
  model.alpha0 = 0.3f;
  model.decay = 0.9f;
  for (uint32_t row = 0; row < items; row++) {
    const bool has = random.below(10) != 0;
    for (uint32_t d = 0; d < dim; d++) model.factors.push_back(has ? static_cast<float>(random.normal() * 0.4) : 0);
  }
  model.gram.assign(static_cast<size_t>(dim) * dim, 0);
  for (uint32_t i = 0; i < dim; i++) {
    for (uint32_t j = 0; j < dim; j++) {
      for (uint32_t row = 0; row < items && (i == j || !diagonal); row++) {
        model.gram[i * dim + j] += 0.3f * model.factors[row * dim + i] * model.factors[row * dim + j];
      }
    }
  }
  kairank::completeFactors(model);
  return model;
}

/// Items of a category, up to three tags and a price, each of which some lack.
inline kairank::AttributeValues randomAttributes(kairank::Random& random, uint32_t items) {
  kairank::AttributeValues values;
  values.items = items;
  values.slots = {1, 3};
  values.numbers = 2;
  for (uint32_t row = 0; row < items; row++) {
    values.labels.push_back(static_cast<uint32_t>(random.below(5)));
    const auto first = static_cast<uint32_t>(100 + random.below(4));
    const size_t tags = random.below(4);
    for (uint32_t tag = 0; tag < 3; tag++) values.labels.push_back(tag < tags ? first + 2 * tag : 0);
    values.values.push_back(random.below(5) == 0 ? NAN : std::exp(random.normal()));
    values.values.push_back(random.below(2) == 0 ? NAN : static_cast<double>(random.below(3)));
  }
  return values;
}
