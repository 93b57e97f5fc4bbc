// Attention against double precision, the blend against a worked example.

#include <algorithm>
#include <cmath>
#include <vector>

#include "../../../native/rank/attention.h"
#include "../../../native/rank/blend.h"
#include "../../../native/recall/make_models.h"
#include "../check.h"
#include "../learn/shop.h"

using namespace kairank;

namespace {

std::shared_ptr<const ModelSet> modelsOf(Random& random, uint32_t items, uint32_t dim) {
  auto factors = std::make_shared<FactorsModel>(randomFactors(random, items, dim, true));
  return makeModels({std::vector<float>(items, 1.0f),
                     {},
                     nullptr,
                     factors,
                     nullptr,
                     nullptr,
                     nullptr,
                     AttentionModel{},
                     Blend{},
                     nullptr,
                     true});
}

std::vector<double> unit(const FactorsModel& model, uint32_t row) {
  std::vector<double> out(model.dim);
  double square = 0;
  for (uint32_t d = 0; d < model.dim; d++) {
    out[d] = model.factors[row * model.dim + d];
    square += out[d] * out[d];
  }
  for (double& value : out) value = square > 0 ? value / std::sqrt(square) : 0;
  return out;
}

void compare(uint64_t seed, uint32_t dim, size_t events) {
  Random random(seed);
  const uint32_t items = 300;
  const auto models = modelsOf(random, items, dim);
  AttentionModel attention;
  attention.scale = 6;
  attention.decay = 0.7f;
  attention.maxEvents = 20;
  std::vector<HistoryEvent> history;
  for (size_t i = 0; i < events; i++) {
    history.push_back(event(static_cast<uint32_t>(random.below(items)), static_cast<float>(0.5 + random.uniform())));
  }
  Attended attended;
  const bool attends = attend(*models, attention, history.data(), history.size(), attended);
  std::vector<Vote> votes;
  collectVotes(history.data(), history.size(), items, attention.decay, attention.maxEvents, votes);
  std::vector<Vote> known;
  for (const Vote& vote : votes) {
    if (models->factors->has(vote.row)) known.push_back(vote);
  }
  CHECK(attends == !known.empty());
  if (!attends) return;
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < items; row++) rows.push_back(row);
  std::vector<float> scores(items);
  scoreAttention(*models, attention, attended, rows.data(), rows.size(), scores.data());
  attentionWeights(*models, attention, attended, rows.data(), rows.size());
  for (uint32_t row = 0; row < items; row++) {
    const std::vector<double> query = unit(*models->factors, row);
    std::vector<double> cosines;
    std::vector<double> logits;
    double total = 0;
    for (const Vote& vote : known) {
      const std::vector<double> key = unit(*models->factors, vote.row);
      double product = 0;
      for (uint32_t d = 0; d < dim; d++) product += query[d] * key[d];
      cosines.push_back(product);
      logits.push_back(std::exp(attention.scale * product) * vote.weight);
      total += logits.back();
    }
    double expected = 0;
    for (size_t j = 0; j < known.size(); j++) {
      expected += logits[j] / total * cosines[j];
      const float weight = attended.weights[row * known.size() + j];
      CHECK_THAT(std::fabs(weight - logits[j] / total) < 1e-4, "dim " << dim << " row " << row << " event " << j);
    }
    CHECK_THAT(std::fabs(expected - scores[row]) < 1e-4, "dim " << dim << " row " << row << " got " << scores[row]);
  }
}

}  // namespace

int main() {
  check::test("attention scores and weights", [] {
    for (uint32_t dim : {1u, 5u, 64u, 100u}) {
      for (size_t events : {0, 1, 2, 33}) compare(dim + events, dim, events);
    }
  });
  check::test("z-scores and parts of a blend", [] {
    Candidates candidates;
    for (uint32_t row = 0; row < 4; row++) candidates.add(row);
    candidates.openScores();
    // Rules: 1, 3 and none; mean 2, deviation 1. Factors: all the same. Popularity: 0, 0, 2, 2 (a log already).
    candidates.set(0, Source::rules, 1);
    candidates.set(1, Source::rules, 3);
    for (size_t i = 0; i < 3; i++) candidates.set(i, Source::factors, 5);
    candidates.set(2, Source::popularity, 2);
    candidates.set(3, Source::popularity, 2);
    std::vector<float> z;
    standardise(candidates, z);
    // Rules, factors, attention, popularity; nothing of the others.
    const float known[4][4] = {{-1, 0, 0, -1}, {1, 0, 0, -1}, {0, 0, 0, 1}, {0, 0, 0, 1}};
    std::vector<float> expected(4 * kSources, 0.0f);
    for (size_t row = 0; row < 4; row++) std::copy_n(known[row], 4, expected.begin() + row * kSources);
    CHECK(z == expected);
    Blend blend;
    blend.weight = {2, 1, 4, 0.5f};
    blend.missing = {3, 0.25f, 1, 9};
    std::vector<float> parts;
    std::vector<double> scores;
    blendScores(candidates, z, blend, parts, scores);
    CHECK((scores == std::vector<double>{-2 - 1 - 0.5, 2 - 1 - 0.5, -3 - 1 + 0.5, -3 - 0.25 - 1 + 0.5}));
    const auto part = [&](size_t row, Source source) { return parts[row * kSources + static_cast<size_t>(source)]; };
    CHECK(part(0, Source::rules) == -2 && part(2, Source::rules) == -3);
    CHECK(part(3, Source::factors) == -0.25f && part(3, Source::popularity) == 0.5f);
  });
  return check::finish();
}
