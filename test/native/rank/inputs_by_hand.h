#pragma once
// What the ranker is told, and what it makes of it, by hand in double precision. Another group of inputs is one more
// function in kGroupsByHand.

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "../../../native/rank/ranker_inputs.h"
#include "../pipeline/by_hand.h"

/// One request as the groups of inputs read it.
struct RankedByHand {
  const kairank::ModelSet& models;
  const kairank::Ask& ask;
  const ByHand& found;
  std::vector<size_t> order;   // of the candidates, the best by the blend first
  std::vector<uint32_t> last;  // the ten last items that the shopper chose, newest first

  RankedByHand(const kairank::ModelSet& models, const kairank::Ask& ask, const ByHand& found)
      : models(models), ask(ask), found(found) {
    for (size_t i = 0; i < found.rows.size(); i++) order.push_back(i);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return found.scores[a] != found.scores[b] ? found.scores[a] > found.scores[b] : found.rows[a] < found.rows[b];
    });
    for (size_t e = ask.eventCount; e-- > 0 && last.size() < 10;) {
      const kairank::HistoryEvent& one = ask.events[e];
      if (!(one.weight > 0) || one.row == kairank::kNoRow) continue;
      if (std::find(last.begin(), last.end(), one.row) == last.end()) last.push_back(one.row);
    }
  }

  /// Whether a source has an own word on candidate i: popularity scores those that nobody chose, too.
  bool has(size_t source, size_t i) const {
    if (source == static_cast<size_t>(kairank::Source::popularity)) return models.seen(found.rows[i]);
    return !std::isnan(found.columns[source][i]);
  }
};

using InputsByHand = void (*)(const RankedByHand& ranked, size_t place, std::vector<double>& out);

inline void sourcesByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  using namespace kairank;
  const ByHand& found = ranked.found;
  const size_t i = ranked.order[place];
  for (size_t s = 0; s < kSources; s++) out.push_back(ranked.has(s, i) ? found.z[s][i] : 0);
  for (size_t s = 0; s < kSources; s++) out.push_back(ranked.has(s, i));
  for (size_t s = 0; s < kSources; s++) {
    double before = 0;
    for (size_t j = 0; j < found.rows.size(); j++) {
      if (!ranked.has(s, i) || !ranked.has(s, j)) continue;
      // Scores that are equal but for rounding are in no order by hand: the tests keep clear of them.
      const float own = static_cast<float>(found.columns[s][i]);
      const float other = static_cast<float>(found.columns[s][j]);
      before += other > own || (other == own && found.rows[j] < found.rows[i]);
    }
    out.push_back(ranked.has(s, i) ? 10 / (10 + before) : 0);
  }
}

inline void blendByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  double present = 0;
  for (size_t s = 0; s < kairank::kSources; s++) present += ranked.has(s, ranked.order[place]);
  out.push_back(ranked.found.scores[ranked.order[place]] - ranked.found.scores[ranked.order[0]]);
  out.push_back(10 / (10 + static_cast<double>(place)));
  out.push_back(present / kairank::kSources);
}

inline void fashionByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  const uint32_t row = ranked.found.rows[ranked.order[place]];
  const bool known = row < ranked.models.items;
  const double ever = known ? std::log1p(ranked.models.counts->popularity[row]) : 0;
  const double recent = known ? ranked.models.counts->logRecent[row] : 0;
  out.insert(out.end(), {ever, recent, recent - ever});
}

inline void hadByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  const kairank::Ask& ask = ranked.ask;
  const uint32_t row = ranked.found.rows[ranked.order[place]];
  double all = 0;
  double times = 0;
  double age = 0;
  for (size_t e = 0; e < ask.eventCount; e++) {
    if (!(ask.events[e].weight > 0) || ask.events[e].row == kairank::kNoRow) continue;
    all++;
    if (ask.events[e].row != row) continue;
    times++;
    age = (ask.events[ask.eventCount - 1].at - ask.events[e].at) / 86400e3;
  }
  out.push_back(std::log(1 + all));
  out.push_back(std::log(1 + times));
  for (double span : {7, 30, 180}) out.push_back(times > 0 ? std::pow(2, -age / span) : 0);
}

/// Cosines of a candidate and the last items: of the newest, the largest, and their mean, each weighing half of the one
/// after it. `vectorOf` gives null for what has no vector.
template <typename VectorOf>
void nearnessByHand(const RankedByHand& ranked, size_t place, size_t dim, VectorOf vectorOf, std::vector<double>& out) {
  const float* own = dim > 0 ? vectorOf(ranked.found.rows[ranked.order[place]]) : nullptr;
  double newest = 0;
  double largest = -INFINITY;
  double sum = 0;
  double total = 0;
  for (size_t age = 0; own && age < ranked.last.size(); age++) {
    const float* other = vectorOf(ranked.last[age]);
    if (!other) continue;
    double product = 0;
    double ownSquare = 0;
    double otherSquare = 0;
    for (size_t d = 0; d < dim; d++) {
      product += double{own[d]} * other[d];
      ownSquare += double{own[d]} * own[d];
      otherSquare += double{other[d]} * other[d];
    }
    const double cosine = product / std::sqrt(ownSquare * otherSquare);
    if (age == 0) newest = cosine;
    largest = std::max(largest, cosine);
    sum += std::pow(0.5, static_cast<double>(age)) * cosine;
    total += std::pow(0.5, static_cast<double>(age));
  }
  out.insert(out.end(), {newest, total > 0 ? largest : 0, total > 0 ? sum / total : 0});
}

inline void contentByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  const kairank::ModelSet& models = ranked.models;
  const size_t dim = models.content ? models.content->dim : 0;
  const auto vectorOf = [&](uint32_t row) -> const float* {
    if (models.lateContent) {
      const auto at = std::find(models.lateContent->rows.begin(), models.lateContent->rows.end(), row);
      if (at != models.lateContent->rows.end()) {
        return models.lateContent->vectors.data() + static_cast<size_t>(at - models.lateContent->rows.begin()) * dim;
      }
    }
    if (row >= models.items) return nullptr;
    const float* vector = models.content->vectors.data() + row * dim;
    return std::any_of(vector, vector + dim, [](float x) { return x != 0; }) ? vector : nullptr;
  };
  nearnessByHand(ranked, place, dim, vectorOf, out);
}

inline void factorsByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  const kairank::FactorsModel* factors = ranked.models.factors.get();
  const size_t dim = factors ? factors->dim : 0;
  const auto vectorOf = [&](uint32_t row) -> const float* {
    if (row >= ranked.models.items) return nullptr;
    const float* vector = factors->factors.data() + row * dim;
    return std::any_of(vector, vector + dim, [](float x) { return x != 0; }) ? vector : nullptr;
  };
  nearnessByHand(ranked, place, dim, vectorOf, out);
}

inline void rulesByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  double value = 0;
  if (ranked.models.rules && !ranked.last.empty() && ranked.last[0] < ranked.models.items) {
    const kairank::RulesModel& rules = *ranked.models.rules;
    for (uint64_t e = rules.offsets[ranked.last[0]]; e < rules.offsets[ranked.last[0] + 1] && value == 0; e++) {
      if (rules.columns[e] == ranked.found.rows[ranked.order[place]]) value = rules.values[e];
    }
  }
  out.insert(out.end(), {value > 0 ? 1.0 : 0.0, value > 0 ? std::log(value) : 0});
}

inline void sequenceByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  const kairank::ModelSet& models = ranked.models;
  const uint32_t row = ranked.found.rows[ranked.order[place]];
  double product = 0;
  if (models.intents && !ranked.last.empty() && models.seen(ranked.last[0]) && models.seen(row)) {
    const kairank::SequenceModel& sequence = models.intents->model();
    for (uint32_t d = 0; d < sequence.config.dim; d++) {
      product += double{sequence.item(ranked.last[0])[d]} * sequence.item(row)[d];
    }
  }
  out.push_back(product);
}

/// One item's labels by field, and its quantiles, as the late ones or training have them; empty where it has no row.
struct AttributesByHand {
  std::vector<std::vector<uint32_t>> labels;
  std::vector<double> quantiles;
};

inline AttributesByHand attributesByHand(const kairank::ModelSet& models, uint32_t row) {
  AttributesByHand out;
  const kairank::AttributesModel& model = *models.attributes;
  const std::vector<uint32_t>* labels = &model.labels;
  const std::vector<float>* quantiles = &model.quantiles;
  size_t place = row;
  bool known = row < model.items;
  if (models.lateAttributes) {
    for (size_t i = 0; i < models.lateAttributes->rows.size(); i++) {
      if (models.lateAttributes->rows[i] != row) continue;
      known = true;
      place = i;
      labels = &models.lateAttributes->labels;
      quantiles = &models.lateAttributes->quantiles;
    }
  }
  if (!known) return out;
  size_t width = 0;
  for (uint32_t slots : model.slots) width += slots;
  size_t at = place * width;
  for (uint32_t slots : model.slots) {
    std::vector<uint32_t>& field = out.labels.emplace_back();
    for (uint32_t s = 0; s < slots; s++, at++) {
      if ((*labels)[at] != 0) field.push_back((*labels)[at]);
    }
  }
  for (size_t f = 0; f < model.numbers; f++) out.quantiles.push_back((*quantiles)[place * model.numbers + f]);
  return out;
}

inline void interestsByHand(const RankedByHand& ranked, size_t place, std::vector<double>& out) {
  const kairank::ModelSet& models = ranked.models;
  std::vector<double> inputs(6, 0.0);
  const auto done = [&] { out.insert(out.end(), inputs.begin(), inputs.end()); };
  if (!models.attributes) return done();
  const AttributesByHand own = attributesByHand(models, ranked.found.rows[ranked.order[place]]);
  if (own.labels.empty() && own.quantiles.empty()) return done();
  /// The part of an item's labels that is one of those given.
  const auto shared = [](const std::vector<uint32_t>& labels, const std::vector<uint32_t>& wanted) {
    double sum = 0;
    for (uint32_t label : wanted) sum += static_cast<double>(std::count(labels.begin(), labels.end(), label));
    return sum / static_cast<double>(labels.size());
  };
  double fields = 0;
  double largest = -INFINITY;
  for (size_t f = 0; f < own.labels.size(); f++) {
    double share = 0, known = 0, expected = 0, having = 0;
    for (size_t age = 0; age < ranked.last.size(); age++) {
      const AttributesByHand other = attributesByHand(models, ranked.last[age]);
      if (other.labels.empty() || other.labels[f].empty()) continue;
      known += std::pow(0.5, static_cast<double>(age));
      share += std::pow(0.5, static_cast<double>(age)) * shared(other.labels[f], own.labels[f]);
    }
    // Among the items of training alone.
    kairank::ModelSet trained;
    trained.attributes = models.attributes;
    for (uint32_t row = 0; row < models.attributes->items; row++) {
      const AttributesByHand other = attributesByHand(trained, row);
      if (other.labels[f].empty()) continue;
      having++;
      expected += shared(other.labels[f], own.labels[f]);
    }
    if (known == 0 || own.labels[f].empty()) continue;
    fields++;
    largest = std::max(largest, share / known - (having > 0 ? expected / having : 0));
    inputs[1] += share / known;
  }
  if (fields > 0) {
    inputs[0] = largest;
    inputs[1] /= fields;
    inputs[2] = fields / static_cast<double>(own.labels.size());
  }
  double numbers = 0;
  for (size_t f = 0; f < own.quantiles.size(); f++) {
    double mean = 0, known = 0, band = 0;
    for (size_t age = 0; age < ranked.last.size(); age++) {
      const AttributesByHand other = attributesByHand(models, ranked.last[age]);
      if (other.quantiles.empty() || other.quantiles[f] < 0) continue;
      const double weight = std::pow(0.5, static_cast<double>(age));
      known += weight;
      mean += weight * other.quantiles[f];
      if (std::floor(std::min(7.0, other.quantiles[f] * 8)) == std::floor(std::min(7.0, own.quantiles[f] * 8))) {
        band += weight;
      }
    }
    if (known == 0 || own.quantiles[f] < 0) continue;
    numbers++;
    inputs[3] += 1 - std::fabs(own.quantiles[f] - mean / known);
    inputs[4] += own.quantiles[f] - mean / known;
    inputs[5] += band / known;
  }
  for (size_t i = 3; i < 6 && numbers > 0; i++) inputs[i] /= numbers;
  done();
}

/// The groups of inputs, in their order.
constexpr InputsByHand kGroupsByHand[] = {sourcesByHand, blendByHand, fashionByHand,  hadByHand,      contentByHand,
                                          factorsByHand, rulesByHand, sequenceByHand, interestsByHand};

/// The inputs of the candidate at a place of the blend's order.
inline std::vector<double> inputsByHand(const RankedByHand& ranked, size_t place) {
  std::vector<double> out;
  for (InputsByHand group : kGroupsByHand) group(ranked, place, out);
  return out;
}

/// Where the blend's own score stands among the inputs.
inline size_t blendInputByHand() { return 3 * kairank::kSources; }

/// A network in double: weights as in a RankerModel, then the trust.
struct Network {
  kairank::RankerModel shape;
  std::vector<double> numbers;

  explicit Network(const kairank::RankerModel& model)
      : shape(model), numbers(model.weights.begin(), model.weights.end()) {
    numbers.push_back(model.trust);
  }

  /// The last hidden layer of one candidate: its inputs standardised, through two layers that cut off below zero.
  std::vector<double> narrow(const std::vector<double>& inputs) const {
    size_t at = 0;
    std::vector<double> values(inputs.size());
    for (size_t i = 0; i < inputs.size(); i++) values[i] = (inputs[i] - shape.mean[i]) * double{shape.scale[i]};
    for (size_t width : {shape.hidden, shape.narrow}) {
      std::vector<double> next(width);
      for (size_t j = 0; j < width; j++) {
        next[j] = numbers[at + values.size() * width + j];
        for (size_t i = 0; i < values.size(); i++) next[j] += values[i] * numbers[at + i * width + j];
        next[j] = std::max(0.0, next[j]);
      }
      at += (values.size() + 1) * width;
      values = next;
    }
    return values;
  }

  /// What the last layer makes of it, beside the blend.
  double score(const std::vector<double>& inputs) const {
    double sum = numbers.back() * inputs[blendInputByHand()];
    const std::vector<double> values = narrow(inputs);
    for (size_t j = 0; j < values.size(); j++) sum += values[j] * numbers[shape.lastAt() + j];
    return sum;
  }
};

/// A network of random weights, whose every input counts.
inline kairank::RankerModel randomRanker(kairank::Random& random, uint32_t depth) {
  kairank::RankerModel model;
  model.inputs = kairank::kRankerInputs;
  model.hidden = 9;
  model.narrow = 5;
  model.trust = 0.7f;
  model.depth = depth;
  for (uint32_t i = 0; i < model.inputs; i++) {
    model.mean.push_back(static_cast<float>(random.normal()));
    model.scale.push_back(static_cast<float>(0.5 + random.uniform()));
  }
  for (size_t i = 0; i < model.weightCount(); i++) {
    model.weights.push_back(static_cast<float>(random.normal() * 0.3));
  }
  return model;
}
