// What the ranker is taught, and its gradients, against the same in double precision.

#include "../../../native/rank/ranker.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "../../../native/dispatch/dispatch.h"
#include "../../../native/include/status.h"
#include "../../../native/learn/ranker/learn.h"
#include "../../../native/recall/make_models.h"
#include "../check.h"
#include "../rank/inputs_by_hand.h"
#include "ranker_cases.h"

namespace kairank {

/// What the optimiser keeps: of the weights in the order of a RankerModel, of the trust, and of the positions.
struct RankerInside {
  static const std::vector<float>& firstMoments(const RankerTrainer& trainer) { return trainer.state_.first; }
};

}  // namespace kairank

using namespace kairank;

namespace {

constexpr double kDay = 86400e3;

/// The mean over the cases with a target of -log of what the softmax gives the targets of each together, each weighed
/// by what it counts beside the best of them, which is what the case counts. Where a list was shown, it is the mean of
/// -log softmax over its targets, times what they count, and a row's position adds a number of its own, the last one
/// standing for those beyond.
double lossByHand(const Network& network, const std::vector<double>& positions, const std::vector<RankerCase>& cases) {
  double sum = 0;
  double count = 0;
  for (const RankerCase& one : cases) {
    if (one.targets.empty()) continue;
    count++;
    double total = 0;
    double wanted = 0;
    std::vector<double> scores;
    for (size_t r = 0; r < one.rows(); r++) {
      scores.push_back(network.score(inputsOf(one, r)));
      if (!one.positions.empty() && one.positions[r] != kNoPosition) {
        scores.back() += positions[std::min<size_t>(one.positions[r], positions.size() - 1)];
      }
      total += std::exp(scores.back());
    }
    double most = 0;
    for (size_t t = 0; t < one.targets.size(); t++) most = std::max(most, one.gains.empty() ? 1.0 : one.gains[t]);
    for (size_t t = 0; t < one.targets.size(); t++) {
      wanted += (one.gains.empty() ? 1 : one.gains[t]) / most * std::exp(scores[one.targets[t]]);
    }
    if (one.positions.empty()) {
      sum += most * (std::log(total) - std::log(wanted));
      continue;
    }
    for (size_t t = 0; t < one.targets.size(); t++) {
      const double counts = one.gains.empty() ? 1 : one.gains[t];
      sum += counts * (std::log(total) - scores[one.targets[t]]) / static_cast<double>(one.targets.size());
    }
  }
  return sum / count;
}

/// Wide enough that no candidate is dead in the whole first layer: the second would stand at its kink, as its biases
/// are zeros to begin with.
void checkGradients(uint64_t seed, uint32_t hidden, uint32_t narrow, uint32_t positions) {
  Random random(seed);
  std::vector<RankerCase> cases = randomCases(random, 14, 9);
  for (size_t c = 0; c < cases.size() && positions > 0; c++) {
    for (size_t t = 0; t < cases[c].targets.size(); t++) {
      cases[c].gains.push_back(static_cast<float>(0.1 + random.uniform()));
    }
    // One case in three was shown to nobody; where one stood in a list, nobody always says.
    for (size_t r = 0; r < cases[c].rows() && c % 3 > 0; r++) {
      cases[c].positions.push_back(r == 2 ? kNoPosition : static_cast<uint32_t>(random.below(positions)));
    }
  }
  if (positions > 0) cases[1].positions[0] = positions - 1;
  RankerSettings settings;
  settings.hidden = hidden;
  settings.narrow = narrow;
  settings.dropout = 0;
  settings.rate = 0.03;
  settings.batch = 100;
  const Control control;
  RankerTrainer trainer(cases, settings, seed, 2, control);
  const bool rounds = kernels().gemmBf16 != kernels().gemmF32;
  const double tolerance = rounds ? 0.1 : 2e-4;
  const size_t kept = std::min(64u, positions);
  std::vector<float> before(trainer.model()->weightCount() + 1 + kept, 0.0f);
  // The last layer begins at zero: only from the second step on there are gradients of those below it.
  for (int step = 1; step <= 3; step++) {
    Network network(*trainer.model());
    const std::vector<float> learned = trainer.positions();
    CHECK(learned.size() == kept);
    std::vector<double> biases(learned.begin(), learned.end());
    const double loss = lossByHand(network, biases, cases);
    const double told = trainer.epoch();
    CHECK_THAT(std::fabs(told - loss) < (rounds ? 0.1 : 1e-4), "loss " << told << " for " << loss);
    const std::vector<float> after = RankerInside::firstMoments(trainer);
    CHECK(after.size() == network.numbers.size() + kept);
    double largest = 0;
    double largestOfPositions = 0;
    for (size_t i = 0; i < after.size(); i++) {
      constexpr double kStep = 1e-6;
      const bool inside = i < network.numbers.size();
      double& number = inside ? network.numbers[i] : biases[i - network.numbers.size()];
      const double now = number;
      number = now + kStep;
      const double above = lossByHand(network, biases, cases);
      number = now - kStep;
      const double below = lossByHand(network, biases, cases);
      number = now;
      const double expected = (above - below) / (2 * kStep);
      const double gradient = (after[i] - 0.9 * before[i]) / 0.1;
      if (i < kRankerInputs * hidden) largest = std::max(largest, std::fabs(expected));
      if (!inside) largestOfPositions = std::max(largestOfPositions, std::fabs(expected));
      CHECK_THAT(
          std::fabs(gradient - expected) <= tolerance * (0.02 + std::fabs(expected)),
          "step " << step << " number " << i << " of " << after.size() << ": " << gradient << " for " << expected);
    }
    CHECK_THAT(step == 1 ? largest == 0 : largest > 1e-3, "step " << step << ": " << largest);
    CHECK_THAT((largestOfPositions > 1e-3) == (positions > 0), largestOfPositions);
    before = after;
  }
}

/// Returns how many targets were among the described.
size_t checkDescriptions(uint64_t seed, bool excludeSeen, uint32_t depth) {
  constexpr uint32_t kItems = 30;
  Random random(seed);
  const auto models = mixedModels(random, kItems);
  const Cases cases = timedCases(random, 20, kItems);
  std::vector<uint32_t> chosen;
  for (uint32_t c = 0; c < cases.count(); c += 1 + static_cast<uint32_t>(random.below(2))) chosen.push_back(c);
  const std::vector<RankerCase> described =
      describeCases(*models, cases, chosen, excludeSeen, 500, depth, 2, Control());
  CHECK(described.size() == chosen.size());
  size_t found = 0;
  for (size_t c = 0; c < chosen.size(); c++) {
    Ask ask;
    ask.events = cases.histories.events.data() + cases.histories.offsets[chosen[c]];
    ask.eventCount = cases.histories.offsets[chosen[c] + 1] - cases.histories.offsets[chosen[c]];
    ask.excludeSeen = excludeSeen;
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < kItems; row++) {
      const bool seen = std::any_of(ask.events, ask.events + ask.eventCount,
                                    [&](const HistoryEvent& one) { return one.weight > 0 && one.row == row; });
      if (!excludeSeen || !seen) rows.push_back(row);
    }
    const ByHand byHand = scoresByHand(*models, ask, rows);
    const RankedByHand ranked(*models, ask, byHand);
    const RankerCase& one = described[c];
    CHECK(one.rows() == std::min<size_t>(depth, rows.size()));
    CHECK(one.inputs.size() == one.rows() * kRankerInputs);
    std::vector<uint32_t> targets;
    for (size_t place = 0; place < one.rows(); place++) {
      const std::vector<double> inputs = inputsByHand(ranked, place);
      CHECK(inputs.size() == kRankerInputs);
      for (size_t i = 0; i < std::min<size_t>(inputs.size(), kRankerInputs); i++) {
        const double told = one.inputs[place * kRankerInputs + i];
        CHECK_THAT(std::fabs(told - inputs[i]) < 1e-3, kInputGroupNames[static_cast<size_t>(inputGroup(i))]
                                                           << " (input " << i << ") at place " << place << " of case "
                                                           << c << " seed " << seed << ": " << told << " for "
                                                           << inputs[i]);
      }
    }
    for (uint64_t t = cases.targetOffsets[chosen[c]]; t < cases.targetOffsets[chosen[c] + 1]; t++) {
      for (size_t place = 0; place < one.rows(); place++) {
        if (rows[ranked.order[place]] == cases.targets[t]) targets.push_back(static_cast<uint32_t>(place));
      }
    }
    found += targets.size();
    CHECK(one.targets == targets);
    CHECK(one.wanted == cases.targetOffsets[chosen[c] + 1] - cases.targetOffsets[chosen[c]]);
  }
  return found;
}

}  // namespace

int main() {
  check::test("candidates are described as by hand", [] {
    size_t found = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
      found += checkDescriptions(seed, seed % 2 == 0, 200);
      found += checkDescriptions(seed + 10, seed % 2 == 0, 6);
    }
    CHECK_THAT(found > 10, found);
  });
  check::test("candidates of equal scores stand in the order of their rows", [] {
    ModelParts parts;
    parts.popularity.assign(9, 1.0f);
    const auto models = makeModels(std::move(parts));
    Candidates candidates;
    for (uint32_t row : {7u, 2u, 5u, 3u, 8u}) candidates.add(row);
    candidates.openScores();
    const float scores[] = {0.0f, -0.0f, 0.0f, -1.0f, 1.0f};
    for (size_t i = 0; i < 5; i++) candidates.set(i, Source::content, scores[i]);
    RankerScratch scratch;
    std::vector<float> inputs(5 * kRankerInputs);
    const std::vector<float> z(5 * kSources, 0.0f);
    rankerInputs(*models, candidates, z, std::vector<double>(5, 0.0), {0, 1, 2, 3, 4}, scratch, inputs.data());
    const double places[] = {3, 1, 2, 4, 0};
    for (size_t i = 0; i < 5; i++) {
      const double told = inputs[i * kRankerInputs + 2 * kSources + static_cast<size_t>(Source::content)];
      CHECK_THAT(std::fabs(told - 10 / (10 + places[i])) < 1e-6, "candidate " << i << ": " << told);
    }
  });
  check::test("groups of inputs tell every input", [] {
    std::vector<size_t> sizes(kInputGroups, 0);
    for (size_t i = 0; i < kRankerInputs; i++) sizes[static_cast<size_t>(inputGroup(i))]++;
    // By hand each group is one function: what it adds is its size.
    Random random(2);
    const auto models = mixedModels(random, 20);
    const std::vector<HistoryEvent> history = {event(3), event(4)};
    Ask ask;
    ask.events = history.data();
    ask.eventCount = history.size();
    const ByHand found = scoresByHand(*models, ask, {1, 2, 3});
    const RankedByHand ranked(*models, ask, found);
    CHECK(std::size(kGroupsByHand) == kInputGroups);
    for (size_t group = 0; group < std::min(std::size(kGroupsByHand), kInputGroups); group++) {
      std::vector<double> inputs;
      kGroupsByHand[group](ranked, 0, inputs);
      CHECK_THAT(inputs.size() == sizes[group], kInputGroupNames[group] << ": " << sizes[group]);
    }
    CHECK(kBlendInput == blendInputByHand());
  });
  check::test("gradients and losses, as by differences", [] {
    checkGradients(1, 12, 4, 0);
    checkGradients(2, 24, 1, 0);
    checkGradients(3, 17, 9, 0);
    checkGradients(4, 17, 9, 5);
    checkGradients(5, 12, 4, 100);
  });
  check::test("a network begins as the blend", [] {
    Random random(4);
    const std::vector<RankerCase> cases = randomCases(random, 30, 20);
    const Control control;
    const RankerTrainer trainer(cases, RankerSettings{}, 1, 1, control);
    const auto model = trainer.model();
    checkRanker(*model);
    std::vector<float> hidden;
    for (const RankerCase& one : cases) {
      std::vector<float> inputs = one.inputs;
      std::vector<float> scores(one.rows());
      rankerScores(*model, inputs.data(), one.rows(), hidden, scores.data());
      for (size_t r = 0; r < one.rows(); r++) CHECK(scores[r] == one.inputs[r * kRankerInputs + kBlendInput]);
    }
    const auto plain = rankerQualities(nullptr, cases, 2, control);
    const auto same = rankerQualities(model.get(), cases, 1, control);
    for (size_t c = 0; c < cases.size(); c++) {
      CHECK(plain[c].ndcg == same[c].ndcg && plain[c].recall == same[c].recall);
    }
  });
  check::test("inputs are standardised by the cases, those that never vary not at all", [] {
    Random random(5);
    const std::vector<RankerCase> cases = randomCases(random, 40, 11);
    const Control control;
    const auto model = RankerTrainer(cases, RankerSettings{}, 1, 1, control).model();
    for (size_t i = 0; i < kRankerInputs; i++) {
      double sum = 0, squares = 0, count = 0;
      for (const RankerCase& one : cases) {
        for (size_t r = 0; r < one.rows(); r++) sum += one.inputs[r * kRankerInputs + i], count++;
      }
      for (const RankerCase& one : cases) {
        for (size_t r = 0; r < one.rows(); r++) {
          squares += std::pow(one.inputs[r * kRankerInputs + i] - sum / count, 2);
        }
      }
      const double scale = i == 5 ? 0 : 1 / std::sqrt(squares / count);
      CHECK(std::fabs(model->mean[i] - sum / count) < 1e-5 && std::fabs(model->scale[i] - scale) < 1e-4);
    }
  });
  check::test("qualities are those of the places, as by hand", [] {
    Random random(6);
    const std::vector<RankerCase> cases = randomCases(random, 60, 25);
    const RankerModel model = randomRanker(random, 200);
    const Network network(model);
    const auto judged = rankerQualities(&model, cases, 3, Control());
    const auto plain = rankerQualities(nullptr, cases, 3, Control());
    for (size_t c = 0; c < cases.size(); c++) {
      const RankerCase& one = cases[c];
      if (one.wanted == 0) CHECK(judged[c].ndcg == 0);
      // A target that is named twice has one place; by hand they are distinct.
      std::vector<uint32_t> targets = one.targets;
      std::sort(targets.begin(), targets.end());
      if (one.wanted == 0 || std::adjacent_find(targets.begin(), targets.end()) != targets.end()) continue;
      double gain = 0, gainOfBlend = 0, ideal = 0;
      for (uint32_t t = 0; t < std::min(10u, one.wanted); t++) ideal += 1 / std::log2(t + 2.0);
      for (uint32_t target : targets) {
        size_t above = 0;
        for (size_t r = 0; r < one.rows(); r++) {
          above += network.score(inputsOf(one, r)) > network.score(inputsOf(one, target));
        }
        if (above < 10) gain += 1 / std::log2(static_cast<double>(above) + 2);
        if (target < 10) gainOfBlend += 1 / std::log2(target + 2.0);
      }
      CHECK(std::fabs(judged[c].ndcg - gain / ideal) < 1e-9 && std::fabs(plain[c].ndcg - gainOfBlend / ideal) < 1e-9);
    }
  });
  check::test("rankers that would be read beyond their memory are refused", [] {
    Random random(10);
    const RankerModel good = randomRanker(random, 5);
    checkRanker(good);
    const auto wrong = [&](const char* what, const std::function<void(RankerModel&)>& spoil) {
      RankerModel model = good;
      spoil(model);
      bool refused = false;
      try {
        checkRanker(model);
      } catch (const Error& error) {
        refused = error.status() == Status::invalidArgument;
      }
      CHECK_THAT(refused, what);
    };
    wrong("no inputs", [](auto& model) { model.inputs = 0; });
    wrong("another number of inputs", [](auto& model) { model.inputs++; });
    wrong("inputs beyond reason", [](auto& model) { model.inputs = 0xffffffff; });
    wrong("no first layer", [](auto& model) { model.hidden = 0; });
    wrong("another first layer", [](auto& model) { model.hidden++; });
    wrong("a first layer beyond reason", [](auto& model) { model.hidden = 5000; });
    wrong("no second layer", [](auto& model) { model.narrow = 0; });
    wrong("another second layer", [](auto& model) { model.narrow--; });
    wrong("a second layer beyond reason", [](auto& model) { model.narrow = 0xffffffff; });
    wrong("a mean too few", [](auto& model) { model.mean.pop_back(); });
    wrong("a scale too many", [](auto& model) { model.scale.push_back(1); });
    wrong("a weight too few", [](auto& model) { model.weights.pop_back(); });
    wrong("a weight too many", [](auto& model) { model.weights.push_back(0); });
    wrong("no depth", [](auto& model) { model.depth = 0; });
    wrong("a depth beyond reason", [](auto& model) { model.depth = 0xffffffff; });
    for (const float number : {INFINITY, -INFINITY, NAN}) {
      wrong("mean", [&](auto& model) { model.mean[3] = number; });
      wrong("scale", [&](auto& model) { model.scale[3] = number; });
      wrong("weight", [&](auto& model) { model.weights.back() = number; });
      wrong("trust", [&](auto& model) { model.trust = number; });
      wrong("slope", [&](auto& model) { model.slope = number; });
      wrong("offset", [&](auto& model) { model.offset = number; });
    }
  });
  return check::finish();
}
