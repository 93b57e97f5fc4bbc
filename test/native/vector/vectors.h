#pragma once
// What the tests of indexes share: ids, seeded vectors, and brute force in double precision over what was put.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../../native/include/random.h"
#include "../../../native/include/status.h"
#include "../../../native/vector/index.h"
#include "../check.h"

namespace vectors {

using kairank::Codes;
using kairank::IndexSettings;
using kairank::KeyList;
using kairank::Metric;
using kairank::Random;
using kairank::SearchHits;
using kairank::SearchOptions;
using kairank::SearchPath;
using kairank::Storage;
using kairank::VectorIndex;

inline std::vector<float> normals(Random& random, size_t count) {
  std::vector<float> out(count);
  for (float& value : out) value = static_cast<float>(random.normal());
  return out;
}

/// The id that a number stands for, where ids are strings: one is empty, some are no ASCII, their lengths differ.
inline std::string textOf(uint32_t id) {
  if (id == 7) return "";
  return (id % 5 == 0 ? "caf\xC3\xA9-" : "item-") + std::to_string(id) + std::string(id % 11, '*');
}

inline KeyList keysOf(bool strings, const std::vector<uint32_t>& ids) {
  KeyList keys;
  keys.strings = strings;
  for (uint32_t id : ids) {
    if (strings) {
      keys.texts.push_back(textOf(id));
    } else {
      keys.numbers.push_back(id);
    }
  }
  return keys;
}

inline std::vector<uint32_t> range(uint32_t first, uint32_t count) {
  std::vector<uint32_t> ids(count);
  for (uint32_t i = 0; i < count; i++) ids[i] = first + i;
  return ids;
}

/// What an index must hold, by id.
class Oracle {
 public:
  Oracle(Metric metric, uint32_t dim) : metric_(metric), dim_(dim) {}

  void put(const std::vector<uint32_t>& ids, const std::vector<float>& values) {
    for (size_t i = 0; i < ids.size(); i++) {
      items[ids[i]].assign(values.begin() + static_cast<std::ptrdiff_t>(i * dim_),
                           values.begin() + static_cast<std::ptrdiff_t>((i + 1) * dim_));
    }
  }
  void remove(const std::vector<uint32_t>& ids) {
    for (uint32_t id : ids) items.erase(id);
  }

  double score(const float* query, const std::vector<float>& item) const {
    double product = 0, distance = 0, query2 = 0, item2 = 0;
    for (uint32_t d = 0; d < dim_; d++) {
      const double q = query[d], x = item[d];
      product += q * x;
      distance += (q - x) * (q - x);
      query2 += q * q;
      item2 += x * x;
    }
    if (metric_ == Metric::dot) return product;
    if (metric_ == Metric::l2) return -distance;
    return query2 > 0 && item2 > 0 ? product / std::sqrt(query2 * item2) : 0;
  }

  /// The scores of the k best, best first.
  std::vector<double> best(const float* query, size_t k) const {
    std::vector<double> scores;
    for (const auto& item : items) scores.push_back(score(query, item.second));
    std::sort(scores.begin(), scores.end(), [](double a, double b) { return a > b; });
    scores.resize(std::min(k, scores.size()));
    return scores;
  }

  std::map<uint32_t, std::vector<float>> items;

 private:
  Metric metric_;
  uint32_t dim_;
};

/// An index and what it must hold.
struct Pair {
  Pair(const IndexSettings& settings, bool strings)
      : strings(strings),
        index(std::make_shared<VectorIndex>(settings, strings)),
        oracle(settings.metric, settings.dim) {}

  VectorIndex::Put put(const std::vector<uint32_t>& ids, const std::vector<float>& values, uint32_t threads = 1) {
    kairank::Control control;
    const VectorIndex::Put done = index->put(keysOf(strings, ids), values.data(), threads, control);
    oracle.put(ids, values);
    return done;
  }
  size_t remove(const std::vector<uint32_t>& ids, uint32_t threads = 1) {
    oracle.remove(ids);
    return index->remove(keysOf(strings, ids), threads);
  }

  /// The number that an id of a result stands for; kNoRow when nothing was ever put under it.
  uint32_t idOf(const SearchHits& hits, size_t i) const {
    if (!strings) return static_cast<uint32_t>(hits.numbers[i]);
    for (const auto& item : oracle.items) {
      if (textOf(item.first) == hits.texts[i]) return item.first;
    }
    return kairank::kNoRow;
  }

  const bool strings;
  std::shared_ptr<VectorIndex> index;
  Oracle oracle;
};

/// How far a score may be from that of the vector as it was put.
inline double tolerance(const IndexSettings& settings, double queryNorm, double largestNorm) {
  const double relative = settings.storage == Storage::f32    ? 1e-5
                          : settings.storage == Storage::bf16 ? 5e-3
                                                              : 4e-3 * std::sqrt(static_cast<double>(settings.dim));
  if (settings.metric == Metric::cosine) return relative;
  if (settings.metric == Metric::dot) return relative * queryNorm * largestNorm;
  return relative * 3 * (queryNorm + largestNorm) * (queryNorm + largestNorm);
}

inline double normOf(const float* vector, size_t dim) {
  double squares = 0;
  for (size_t d = 0; d < dim; d++) squares += static_cast<double>(vector[d]) * vector[d];
  return std::sqrt(squares);
}

/// Checks an exact answer: as many as there are, distinct, each with its own score, and none better left out.
inline void checkExact(const Pair& pair, const float* query, uint32_t k, const SearchHits& hits,
                       const std::string& words) {
  const uint32_t dim = pair.index->settings().dim;
  double largest = 0;
  for (const auto& item : pair.oracle.items) largest = std::max(largest, normOf(item.second.data(), dim));
  const double slack = tolerance(pair.index->settings(), normOf(query, dim), largest);
  const std::vector<double> best = pair.oracle.best(query, k);
  CHECK_THAT(hits.scores.size() == best.size(), words << ": " << hits.scores.size() << " of " << best.size());
  CHECK_THAT(hits.underfilled == (best.size() < k), words);
  std::vector<uint32_t> seen;
  for (size_t i = 0; i < std::min(best.size(), hits.scores.size()); i++) {
    CHECK_THAT(std::fabs(hits.scores[i] - best[i]) <= slack,
               words << ": place " << i << " " << hits.scores[i] << " for " << best[i] << ", slack " << slack);
    CHECK_THAT(i == 0 || hits.scores[i] <= hits.scores[i - 1], words << ": order");
    const uint32_t id = pair.idOf(hits, i);
    const auto found = pair.oracle.items.find(id);
    CHECK_THAT(found != pair.oracle.items.end(), words << ": id " << id);
    if (found == pair.oracle.items.end()) continue;
    CHECK_THAT(std::fabs(pair.oracle.score(query, found->second) - hits.scores[i]) <= slack,
               words << ": score of " << id);
    seen.push_back(id);
  }
  std::sort(seen.begin(), seen.end());
  CHECK_THAT(std::adjacent_find(seen.begin(), seen.end()) == seen.end(), words << ": an id twice");
}

inline SearchHits search(const VectorIndex& index, const float* query, uint32_t k, SearchPath path, uint32_t ef = 0) {
  SearchOptions options;
  options.k = k;
  options.path = path;
  options.ef = ef;
  return index.search(query, 1, options, 1).front();
}

/// The share of the true k best that a search of the graph finds, by score.
inline double recall(const Pair& pair, const std::vector<float>& queries, uint32_t k, uint32_t ef) {
  const uint32_t dim = pair.index->settings().dim;
  size_t hit = 0, all = 0;
  for (size_t q = 0; q * dim < queries.size(); q++) {
    const float* query = queries.data() + q * dim;
    const std::vector<double> best = pair.oracle.best(query, k);
    const SearchHits hits = search(*pair.index, query, k, SearchPath::graph, ef);
    for (size_t i = 0; i < hits.scores.size(); i++) {
      const auto found = pair.oracle.items.find(pair.idOf(hits, i));
      if (found != pair.oracle.items.end() && pair.oracle.score(query, found->second) >= best.back()) hit++;
    }
    all += best.size();
  }
  return all == 0 ? 1 : static_cast<double>(hit) / static_cast<double>(all);
}

inline std::string nameOf(const IndexSettings& settings) {
  const char* const metrics[] = {"dot", "cosine", "l2"};
  const char* const storages[] = {"f32", "bf16", "int8"};
  return std::string(metrics[static_cast<int>(settings.metric)]) + " " + storages[static_cast<int>(settings.storage)] +
         (settings.codes == Codes::int4 ? " int4" : " int8") + (settings.graph ? " graph" : "") + " dim " +
         std::to_string(settings.dim);
}

template <typename Body>
void eachSetting(Body body) {
  for (const Metric metric : {Metric::dot, Metric::cosine, Metric::l2}) {
    for (const Storage storage : {Storage::f32, Storage::bf16, Storage::int8}) {
      for (const Codes codes : {Codes::int4, Codes::int8}) {
        IndexSettings settings;
        settings.metric = metric;
        settings.storage = storage;
        settings.codes = codes;
        body(settings);
      }
    }
  }
}

/// Clusters, as real vectors have them; 3,000 of them so that a walk does not see everything.
inline std::vector<float> clustered(Random& random, size_t count, uint32_t dim) {
  static const std::vector<float> centres = [dim] {
    Random own(5);
    return normals(own, 30 * dim);
  }();
  std::vector<float> out = normals(random, count * dim);
  for (size_t i = 0; i < count; i++) {
    const size_t centre = random.below(30);
    for (uint32_t d = 0; d < dim; d++) out[i * dim + d] += centres[centre * dim + d];
  }
  return out;
}

template <typename Body>
kairank::Error refusal(Body body) {
  try {
    body();
  } catch (const kairank::Error& error) {
    return error;
  }
  return kairank::Error(kairank::Status::ok, "");
}

}  // namespace vectors
