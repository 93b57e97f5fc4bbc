#pragma once
// Made-up catalogues with words, tags and vectors, and the content tower in double precision, from its definition.

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <vector>

#include "../../../native/include/random.h"
#include "../../../native/state/content_model.h"
#include "shop.h"

/// Words that stand for features: any 32 bits.
inline uint32_t wordOf(size_t word) { return static_cast<uint32_t>(kairank::Random(word + 77).next()); }

/// Ends an item of the modality with these features.
inline void addItem(kairank::Modality& modality, const std::vector<uint32_t>& features,
                    const std::vector<float>& weights) {
  if (modality.offsets.empty()) modality.offsets.push_back(0);
  modality.features.insert(modality.features.end(), features.begin(), features.end());
  modality.weights.insert(modality.weights.end(), weights.begin(), weights.end());
  modality.offsets.push_back(modality.features.size());
}

/// A field of `most` features at most an item, of `words` there are; one item in five has none.
inline kairank::Modality randomWords(kairank::Random& random, const char* name, uint32_t items, size_t words,
                                     size_t most, float prior) {
  kairank::Modality modality;
  modality.name = name;
  modality.prior = prior;
  for (uint32_t item = 0; item < items; item++) {
    std::set<size_t> own;
    if (random.below(5) != 0) {
      for (size_t i = 1 + random.below(most); i > 0; i--) own.insert(random.below(words));
    }
    std::vector<uint32_t> features;
    std::vector<float> weights;
    for (size_t word : own) {
      features.push_back(wordOf(word));
      weights.push_back(static_cast<float>(1 + random.below(3)));
    }
    addItem(modality, features, weights);
  }
  return modality;
}

inline kairank::Modality randomVectors(kairank::Random& random, const char* name, uint32_t items, uint32_t inputs) {
  kairank::Modality modality;
  modality.name = name;
  modality.inputs = inputs;
  for (uint32_t item = 0; item < items; item++) {
    const bool has = random.below(4) != 0;
    for (uint32_t i = 0; i < inputs; i++) modality.vectors.push_back(has ? static_cast<float>(random.normal() * 3) : 0);
  }
  return modality;
}

inline kairank::ContentFeatures randomContentFeatures(kairank::Random& random, uint32_t items) {
  kairank::ContentFeatures content;
  content.items = items;
  content.modalities.push_back(randomWords(random, "title", items, 12, 4, 1));
  content.modalities.push_back(randomVectors(random, "image", items, 5));
  content.modalities.push_back(randomWords(random, "tags", items, 4, 2, 0.5f));
  return content;
}

/// A catalogue and its shoppers; two items are to be new.
struct Shop {
  kairank::ContentFeatures content;
  kairank::Histories histories;
  std::vector<uint8_t> withheld;
};

inline Shop smallShop(uint64_t seed, uint32_t items, uint32_t users, size_t most) {
  kairank::Random random(seed);
  Shop shop;
  shop.content = randomContentFeatures(random, items);
  shop.histories = randomHistories(random, users, items, most);
  shop.withheld.assign(items, 0);
  shop.withheld[1] = shop.withheld[items / 2] = 1;
  return shop;
}

/// The numbers of a tower.
struct TowerNumbers {
  struct Part {
    uint32_t inputs = 0;
    std::vector<uint32_t> features;
    std::vector<double> rarity;
    std::vector<double> table;
    std::vector<double> attention;
    double bias = 0;
  };
  size_t dim = 0;
  std::vector<Part> parts;
  std::vector<double> behaviour;
  double sharpness = 0;  // logarithm of what scales the scores
};

inline TowerNumbers numbersOf(const kairank::ContentModel& model) {
  TowerNumbers out;
  out.dim = model.dim;
  for (const kairank::ModalityModel& modality : model.modalities) {
    out.parts.push_back({modality.inputs, modality.features,
                         std::vector<double>(modality.rarity.begin(), modality.rarity.end()),
                         std::vector<double>(modality.table.begin(), modality.table.end()),
                         std::vector<double>(modality.attention.begin(), modality.attention.end()), modality.bias});
  }
  out.behaviour.assign(model.behaviour.begin(), model.behaviour.end());
  return out;
}

inline bool toUnit(std::vector<double>& vector) {
  double square = 0;
  for (double x : vector) square += x * x;
  for (double& x : vector) x = square > 0 ? x / std::sqrt(square) : 0;
  return square > 0;
}

/// An item's weight in every row of a modality's table, at unit length; empty where the tower knows nothing of it.
inline std::vector<double> inputsOf(const TowerNumbers::Part& part, const kairank::Modality& modality, uint32_t item) {
  std::vector<double> inputs;
  if (part.inputs > 0) {
    const float* vector = modality.vectors.data() + static_cast<size_t>(item) * part.inputs;
    inputs.assign(vector, vector + part.inputs);
    if (!toUnit(inputs)) inputs.clear();
    return inputs;
  }
  inputs.assign(part.features.size(), 0.0);
  for (uint64_t e = modality.offsets[item]; e < modality.offsets[item + 1]; e++) {
    const auto at = std::find(part.features.begin(), part.features.end(), modality.features[e]);
    if (at == part.features.end()) continue;
    const size_t row = static_cast<size_t>(at - part.features.begin());
    inputs[row] += modality.weights[e] * part.rarity[row];
  }
  if (!toUnit(inputs)) inputs.clear();
  return inputs;
}

struct Encoded {
  bool known = false;
  std::vector<double> vector;  // at unit length, or zeros
  std::vector<double> shares;  // of the modalities
};

inline Encoded encodeByHand(const TowerNumbers& tower, const kairank::ContentFeatures& content, uint32_t item) {
  const size_t count = tower.parts.size();
  std::vector<std::vector<double>> said(count);
  Encoded out;
  out.vector.assign(tower.dim, 0.0);
  out.shares.assign(count, 0.0);
  double total = 0;
  for (size_t m = 0; m < count; m++) {
    const TowerNumbers::Part& part = tower.parts[m];
    const std::vector<double> inputs = inputsOf(part, content.modalities[m], item);
    if (inputs.empty()) continue;
    said[m].assign(tower.dim, 0.0);
    double score = part.bias;
    for (size_t d = 0; d < tower.dim; d++) {
      for (size_t i = 0; i < inputs.size(); i++) said[m][d] += inputs[i] * part.table[i * tower.dim + d];
      score += said[m][d] * part.attention[d];
    }
    total += out.shares[m] = std::exp(score);
  }
  for (size_t m = 0; m < count; m++) {
    if (said[m].empty()) continue;
    out.shares[m] /= total;
    for (size_t d = 0; d < tower.dim; d++) out.vector[d] += out.shares[m] * said[m][d];
  }
  out.known = toUnit(out.vector);
  return out;
}

/// A tower that knows two thirds of the words there are, and what it says of `items` items.
inline std::shared_ptr<const kairank::ContentModel> towerOf(kairank::Random& random, uint32_t items, uint32_t dim) {
  const kairank::ContentFeatures content = randomContentFeatures(random, items);
  auto model = std::make_shared<kairank::ContentModel>();
  model->items = items;
  model->dim = dim;
  for (const kairank::Modality& modality : content.modalities) {
    kairank::ModalityModel& table = model->modalities.emplace_back();
    table.name = modality.name;
    table.inputs = modality.inputs;
    for (uint32_t feature : std::set<uint32_t>(modality.features.begin(), modality.features.end())) {
      if (feature % 3 != 0) table.features.push_back(feature);
    }
    const size_t rows = modality.inputs > 0 ? modality.inputs : table.features.size();
    for (size_t f = 0; f < table.features.size(); f++) table.rarity.push_back(1 + static_cast<float>(random.uniform()));
    for (size_t i = 0; i < rows * dim; i++) table.table.push_back(static_cast<float>(random.normal()));
    for (size_t d = 0; d < dim; d++) table.attention.push_back(static_cast<float>(random.normal()));
  }
  const TowerNumbers numbers = numbersOf(*model);
  for (uint32_t item = 0; item < items; item++) {
    for (double x : encodeByHand(numbers, content, item).vector) model->vectors.push_back(static_cast<float>(x));
    for (uint32_t d = 0; d < dim; d++) model->behaviour.push_back(static_cast<float>(random.normal() * 0.2));
  }
  kairank::checkContent(*model);
  return model;
}
