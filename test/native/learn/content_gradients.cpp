// The gradients of the content tower against differences of the same loss in double precision.

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "../../../native/dispatch/dispatch.h"
#include "../../../native/learn/content/tower.h"
#include "../check.h"
#include "content_shop.h"

namespace kairank {

/// What the optimiser keeps, in one order: tables, attention, biases, behaviour, sharpness.
struct TowerInside {
  static std::vector<double> firstMoments(const TowerTrainer& trainer) {
    std::vector<double> out;
    const auto add = [&](const AdamState& state) { out.insert(out.end(), state.first.begin(), state.first.end()); };
    for (const AdamState& state : trainer.tableStates_) add(state);
    for (const AdamState& state : trainer.attentionStates_) add(state);
    add(trainer.biasState_);
    add(trainer.behaviourState_);
    add(trainer.sharpnessState_);
    return out;
  }
  static double sharpness(const TowerTrainer& trainer) { return trainer.sharpness_[0]; }
};

}  // namespace kairank

using namespace kairank;

namespace {

constexpr size_t kLastEvents = 20;  // of a history, that a case reads

/// One that somebody takes after others.
struct Case {
  uint32_t target;
  std::vector<std::pair<uint32_t, double>> had;  // and how much each still counts
};

std::vector<Case> casesByHand(const Shop& shop, double decay) {
  std::vector<Case> out;
  for (uint32_t user = 0; user < shop.histories.users(); user++) {
    std::vector<uint32_t> taken;
    bool any = false;
    for (uint64_t e = shop.histories.offsets[user]; e < shop.histories.offsets[user + 1]; e++) {
      const HistoryEvent& one = shop.histories.events[e];
      if (!(one.weight > 0) || one.row == kNoRow) continue;
      if (!shop.withheld[one.row]) {
        Case& made = out.emplace_back();
        made.target = one.row;
        for (size_t age = 0; age < std::min(taken.size(), kLastEvents); age++) {
          const uint32_t row = taken[taken.size() - 1 - age];
          if (!shop.withheld[row]) made.had.push_back({row, std::pow(decay, static_cast<double>(age))});
        }
        if (!any) out.pop_back();
        any = true;
      }
      taken.push_back(one.row);
    }
  }
  return out;
}

/// The mean loss of the cases: a softmax over the candidates that a case did not have, and its target.
double lossByHand(const TowerNumbers& tower, const Shop& shop, const std::vector<Case>& cases,
                  const std::set<uint32_t>& candidates) {
  std::vector<std::vector<double>> vectors;
  for (uint32_t item = 0; item < shop.content.items; item++) {
    vectors.push_back(encodeByHand(tower, shop.content, item).vector);
  }
  double sum = 0;
  for (const Case& one : cases) {
    std::vector<double> wanted(tower.dim, 0.0);
    std::set<uint32_t> had;
    for (const auto& [row, weight] : one.had) {
      for (size_t d = 0; d < tower.dim; d++) {
        wanted[d] += weight * (vectors[row][d] + tower.behaviour[row * tower.dim + d]);
      }
      had.insert(row);
    }
    toUnit(wanted);
    double total = 0;
    double right = 0;
    for (uint32_t row : candidates) {
      const double score =
          std::exp(tower.sharpness) * std::inner_product(wanted.begin(), wanted.end(), vectors[row].begin(), 0.0);
      if (row == one.target) right = score;
      if (row == one.target || had.count(row) == 0) total += std::exp(score);
    }
    sum += std::log(total) - right;
  }
  return sum / static_cast<double>(cases.size());
}

/// Every number of a tower in the order of TowerInside, by reference.
std::vector<double*> everyNumber(TowerNumbers& tower) {
  std::vector<double*> out;
  const auto add = [&](std::vector<double>& numbers) {
    for (double& number : numbers) out.push_back(&number);
  };
  for (auto& part : tower.parts) add(part.table);
  for (auto& part : tower.parts) add(part.attention);
  for (auto& part : tower.parts) out.push_back(&part.bias);
  add(tower.behaviour);
  out.push_back(&tower.sharpness);
  return out;
}

TowerNumbers numbersIn(const TowerTrainer& trainer) {
  TowerNumbers numbers = numbersOf(*trainer.model());
  numbers.sharpness = TowerInside::sharpness(trainer);
  return numbers;
}

/// Two steps over all cases at once: the second where attention and behaviour are no longer zeros. Adam's first moments
/// are nine tenths of what they were and a tenth of the gradient.
void checkGradients(uint64_t seed, uint32_t dim, uint32_t samples) {
  const Shop shop = smallShop(seed, 16, 20, samples > 0 ? 9 : 40);
  TowerSettings settings;
  settings.dim = dim;
  settings.dropout = 0;
  settings.decay = 0.9;
  settings.rate = 0.125;
  settings.attentionRate = 0.5;
  settings.behaviourRate = 0.25;
  settings.batch = 4096;
  settings.samples = samples;
  const Positives positives = positivesOf(shop.histories, shop.content.items);
  const Control control;
  TowerTrainer trainer(shop.content, positives, shop.withheld, settings, seed, 2, control);
  const std::vector<Case> cases = casesByHand(shop, settings.decay);
  // So many draws miss no item that anybody had; without any, the targets alone are candidates.
  std::set<uint32_t> candidates;
  for (const Case& one : cases) candidates.insert(one.target);
  for (const HistoryEvent& one : shop.histories.events) {
    if (samples > 0 && one.weight > 0 && one.row != kNoRow && !shop.withheld[one.row]) candidates.insert(one.row);
  }
  CHECK(cases.size() > 20 && cases.size() <= settings.batch);
  // Where products are rounded to bf16, gradients are, too.
  const bool rounds = kernels().gemmBf16 != kernels().gemmF32;
  const double tolerance = rounds ? 0.1 : 2e-4;
  for (int step = 1; step <= 2; step++) {
    TowerNumbers at = numbersIn(trainer);
    const std::vector<double> before = TowerInside::firstMoments(trainer);
    const double loss = lossByHand(at, shop, cases, candidates);
    const double told = trainer.epoch();
    CHECK_THAT(std::fabs(told - loss) < (rounds ? 0.1 : 1e-4), "loss " << told << " for " << loss);
    const std::vector<double> after = TowerInside::firstMoments(trainer);
    TowerNumbers moved = numbersIn(trainer);
    const std::vector<double*> numbers = everyNumber(at);
    const std::vector<double*> stepped = everyNumber(moved);
    CHECK(numbers.size() == before.size());
    double largest = 0;
    size_t clear = 0;
    for (size_t i = 0; i < numbers.size(); i++) {
      constexpr double kStep = 1e-5;
      const double kept = *numbers[i];
      *numbers[i] = kept + kStep;
      const double above = lossByHand(at, shop, cases, candidates);
      *numbers[i] = kept - kStep;
      const double below = lossByHand(at, shop, cases, candidates);
      *numbers[i] = kept;
      const double expected = (above - below) / (2 * kStep);
      const double gradient = (after[i] - 0.9 * before[i]) / 0.1;
      largest = std::max(largest, std::fabs(expected));
      CHECK_THAT(std::fabs(gradient - expected) <= tolerance * (0.02 + std::fabs(expected)),
                 "dim " << dim << " step " << step << " number " << i << " of " << numbers.size() << ": " << gradient
                        << " for " << expected);
      if (step > 1 || std::fabs(expected) < (rounds ? 1e-2 : 1e-4)) continue;
      clear++;
      // Adam's first step is the rate against the gradient's sign, whatever its size.
      const size_t tables = numbers.size() - shop.content.items * dim - 1 - 3 - 3 * dim;
      const double rate = i < tables                            ? settings.rate
                          : i < tables + 3 * dim + 3            ? settings.attentionRate
                          : i < tables + 3 * dim + 3 + 16 * dim ? settings.behaviourRate
                                                                : 0.01;
      const double gone = *stepped[i] - kept;
      CHECK_THAT(std::fabs(gone + (expected > 0 ? rate : -rate)) < 1e-3 * rate + 1e-6,
                 "number " << i << " went by " << gone);
    }
    CHECK(largest > 0.02 && (step > 1 || clear > numbers.size() / 3));
  }
}

/// Rows of a table whose gradient was not zero.
size_t taught(const std::vector<double>& moments, size_t begin, size_t rows, size_t dim) {
  size_t out = 0;
  for (size_t row = 0; row < rows; row++) {
    const auto first = moments.begin() + static_cast<std::ptrdiff_t>(begin + row * dim);
    out += std::any_of(first, first + static_cast<std::ptrdiff_t>(dim), [](double x) { return x != 0; });
  }
  return out;
}

/// What a step does not see learns nothing: a row of a table is taught where one of its items keeps the feature.
/// Vectors have no features that could be dropped.
void checkDropout() {
  Random random(12);
  Shop shop;
  shop.content.items = 200;
  shop.content.modalities.push_back(randomWords(random, "title", 200, 600, 30, 1));
  shop.content.modalities.push_back(randomVectors(random, "image", 200, 5));
  shop.histories = randomHistories(random, 400, 200, 9);
  const Positives positives = positivesOf(shop.histories, 200);
  std::set<uint32_t> warm(positives.rows.begin(), positives.rows.end());
  for (const double dropout : {0.0, 0.5, 0.9}) {
    TowerSettings settings;
    settings.dim = 6;
    settings.dropout = dropout;
    settings.batch = settings.samples = 8000;  // one step, of all that anybody had
    const Control control;
    TowerTrainer trainer(shop.content, positives, {}, settings, 5, 2, control);
    trainer.epoch();
    const auto model = trainer.model();
    const std::vector<uint32_t>& features = model->modalities[0].features;
    std::map<uint32_t, int> owners;
    const Modality& title = shop.content.modalities[0];
    for (uint32_t item : warm) {
      for (uint64_t e = title.offsets[item]; e < title.offsets[item + 1]; e++) owners[title.features[e]]++;
    }
    double expected = 0;
    double variance = 0;
    for (uint32_t feature : features) {
      const double chance = owners.count(feature) ? 1 - std::pow(dropout, owners[feature]) : 0;
      expected += chance;
      variance += chance * (1 - chance);
    }
    const std::vector<double> moments = TowerInside::firstMoments(trainer);
    const size_t count = taught(moments, 0, features.size(), 6);
    CHECK_THAT(std::fabs(static_cast<double>(count) - expected) <= 4 * std::sqrt(variance) + 1e-9,
               "dropout " << dropout << ": " << count << " rows for " << expected);
    CHECK(taught(moments, features.size() * 6, 5, 6) == 5);
  }
}

}  // namespace

int main() {
  check::test("gradients, all items as candidates", [] {
    for (uint32_t dim : {2, 7, 12}) checkGradients(dim, dim, 2000);
  });
  check::test("gradients, targets alone as candidates, long histories", [] { checkGradients(4, 5, 0); });
  check::test("what a step does not see learns nothing", checkDropout);
  return check::finish();
}
