#include "make_models.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "../include/status.h"
#include "../rank/ranker_inputs.h"
#include "embeddings.h"
#include "intent.h"

namespace kairank {

namespace {

constexpr size_t kPopular = 4096;  // enough that a filter rarely exhausts the list

[[noreturn]] void refuse(const std::string& message) { throw Error(Status::invalidArgument, message); }

std::vector<uint32_t> mostPopular(const std::vector<float>& popularity) {
  std::vector<uint32_t> order(popularity.size());
  std::iota(order.begin(), order.end(), 0u);
  const size_t kept = std::min(order.size(), kPopular);
  std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](uint32_t a, uint32_t b) {
    return popularity[a] != popularity[b] ? popularity[a] > popularity[b] : a < b;
  });
  order.resize(kept);
  return order;
}

std::shared_ptr<const ItemCounts> countsOf(std::vector<float> popularity, std::vector<float> recent,
                                           std::vector<float> returns) {
  auto counts = std::make_shared<ItemCounts>();
  counts->returns = std::move(returns);
  counts->popular = mostPopular(popularity);
  counts->logPopularity.reserve(popularity.size());
  for (float count : popularity) counts->logPopularity.push_back(std::log1p(count));
  recent.resize(popularity.size(), 0.0f);
  counts->logRecent.reserve(recent.size());
  for (float count : recent) counts->logRecent.push_back(std::log1p(count));
  counts->recent = std::move(recent);
  counts->seen.assign((popularity.size() + 63) / 64, 0);
  for (size_t row = 0; row < popularity.size(); row++) {
    counts->seen[row >> 6] |= uint64_t{popularity[row] > 0} << (row & 63);
  }
  counts->popularity = std::move(popularity);
  return counts;
}

std::vector<uint64_t> rowsWithVectors(const ContentModel& content) {
  std::vector<uint64_t> rows((static_cast<size_t>(content.items) + 63) / 64, 0);
  for (size_t row = 0; row < content.items; row++) {
    const float* vector = content.vectors.data() + row * content.dim;
    const bool any = std::any_of(vector, vector + content.dim, [](float value) { return value != 0; });
    rows[row >> 6] |= uint64_t{any} << (row & 63);
  }
  return rows;
}

}  // namespace

std::vector<float> unitRows(const float* vectors, size_t rows, size_t dim) {
  std::vector<float> unit(rows * dim);
  for (size_t row = 0; row < rows; row++) {
    const float* from = vectors + row * dim;
    double square = 0;
    for (size_t d = 0; d < dim; d++) square += static_cast<double>(from[d]) * from[d];
    const double norm = square > 0 ? 1 / std::sqrt(square) : 0;
    for (size_t d = 0; d < dim; d++) unit[row * dim + d] = static_cast<float>(from[d] * norm);
  }
  return unit;
}

void setReturning(ModelSet& models, float power) {
  models.attention.returning = power;
  models.returning = nullptr;
  if (power == 0 || models.counts->returns.empty()) return;
  std::vector<float> raised;
  raised.reserve(models.counts->returns.size());
  for (float share : models.counts->returns) raised.push_back(std::pow(share, power));
  models.returning = std::make_shared<const std::vector<float>>(std::move(raised));
}

std::shared_ptr<const ModelSet> makeModels(ModelParts parts) {
  if (parts.popularity.size() > kMaxRows) refuse("popularity: too many items");
  for (float count : parts.popularity) {
    if (!(count >= 0) || !std::isfinite(count)) refuse("popularity: every count must be finite and not negative");
  }
  if (!parts.recent.empty() && parts.recent.size() != parts.popularity.size()) {
    refuse("recent: expected one count for each item");
  }
  for (float count : parts.recent) {
    if (!(count >= 0) || !std::isfinite(count)) refuse("recent: every count must be finite and not negative");
  }
  if (!parts.returns.empty() && parts.returns.size() != parts.popularity.size()) {
    refuse("returns: expected one share for each item");
  }
  for (float share : parts.returns) {
    if (!(share > 0 && share <= 1)) refuse("returns: every share must be above 0, at most 1");
  }
  if (parts.ranker) checkRanker(*parts.ranker);
  if (parts.ranker && parts.ranker->inputs != kRankerInputs) refuse("ranker: it has inputs of another kind");
  auto models = std::make_shared<ModelSet>();
  models->items = static_cast<uint32_t>(parts.popularity.size());
  const auto agrees = [&](uint32_t items, const char* model) {
    if (items != models->items) refuse(std::string(model) + ": the number of items differs from popularity's");
  };
  if (parts.rules) agrees(parts.rules->items, "rules");
  if (parts.factors) agrees(parts.factors->items, "factors");
  if (parts.sequence) agrees(parts.sequence->config.items, "sequence");
  if (parts.sessions) agrees(parts.sessions->items, "sessions");
  if (parts.content) agrees(parts.content->items, "content");
  if (parts.attributes) agrees(parts.attributes->items, "attributes");
  const AttentionModel& attention = parts.attention;
  if (!(attention.decay > 0 && attention.decay <= 1)) refuse("attention: decay must be above 0, at most 1");
  if (!(attention.scale >= 0) || !std::isfinite(attention.scale)) refuse("attention: scale must not be negative");
  if (!(attention.halfLife > 0) || !std::isfinite(attention.halfLife)) refuse("attention: halfLife must be above 0");
  if (!(attention.returning >= 0) || !std::isfinite(attention.returning)) {
    refuse("attention: returning must not be negative");
  }
  if (attention.maxEvents == 0 || attention.maxEvents > kMaxAttended) refuse("attention: maxEvents is out of range");
  for (size_t s = 0; s < kSources; s++) {
    if (!std::isfinite(parts.blend.weight[s]) || !std::isfinite(parts.blend.missing[s])) {
      refuse("blend: every weight must be finite");
    }
  }
  models->counts = countsOf(std::move(parts.popularity), std::move(parts.recent), std::move(parts.returns));
  if (parts.factors) {
    const FactorsModel& factors = *parts.factors;
    models->unitFactors =
        std::make_shared<const std::vector<float>>(unitRows(factors.factors.data(), factors.items, factors.dim));
    models->factorsIndex = indexEmbeddings(factors.factors.data(), factors.items, factors.dim);
  }
  if (parts.sequence) {
    models->intents = std::make_shared<IntentEncoder>(parts.sequence);
    models->sequenceIndex = indexEmbeddings(models->intents->items(), models->items, parts.sequence->config.dim);
  }
  if (parts.content) {
    const ContentModel& content = *parts.content;
    models->contentRows = std::make_shared<const std::vector<uint64_t>>(rowsWithVectors(content));
    models->contentKept = models->contentRows;
    models->contentIndex = indexEmbeddings(content.vectors.data(), content.items, content.dim);
  }
  models->content = std::move(parts.content);
  models->attributes = std::move(parts.attributes);
  models->rules = std::move(parts.rules);
  models->sessions = std::move(parts.sessions);
  models->factors = std::move(parts.factors);
  models->attention = attention;
  setReturning(*models, attention.returning);
  models->blend = parts.blend;
  models->ranker = std::move(parts.ranker);
  models->excludeSeen = parts.excludeSeen;
  return models;
}

ModelParts partsOf(const ModelSet& models) {
  ModelParts parts;
  parts.popularity = models.counts->popularity;
  parts.recent = models.counts->recent;
  parts.returns = models.counts->returns;
  parts.rules = models.rules;
  parts.factors = models.factors;
  if (models.intents) parts.sequence = models.intents->shared();
  parts.sessions = models.sessions;
  parts.content = models.content;
  parts.attributes = models.attributes;
  parts.attention = models.attention;
  parts.blend = models.blend;
  parts.ranker = models.ranker;
  parts.excludeSeen = models.excludeSeen;
  return parts;
}

}  // namespace kairank
