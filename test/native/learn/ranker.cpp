// What the ranker is taught, its gradients and its probabilities, against the same in double precision.

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

namespace kairank {

/// What the optimiser keeps: of the weights in the order of a RankerModel, and of the trust at the end.
struct RankerInside {
  static const std::vector<float>& firstMoments(const RankerTrainer& trainer) { return trainer.state_.first; }
};

}  // namespace kairank

using namespace kairank;

namespace {

constexpr double kDay = 86400e3;

/// Made-up candidates: inputs about numbers of any size, the blend's own score falling from 0.
std::vector<RankerCase> randomCases(Random& random, size_t count, size_t rows) {
  std::vector<RankerCase> out(count);
  for (RankerCase& one : out) {
    double below = 0;
    for (size_t r = 0; r < rows; r++) {
      for (size_t i = 0; i < kRankerInputs; i++) {
        // One input never varies.
        const double value = i == 5 ? 3 : random.normal() * static_cast<double>(1 + i % 4) + static_cast<double>(i % 3);
        one.inputs.push_back(static_cast<float>(value));
      }
      one.inputs[r * kRankerInputs + blendInputByHand()] = static_cast<float>(-below);
      below += random.uniform() * 0.3;
    }
    for (size_t t = random.below(4); t > 0; t--) one.targets.push_back(static_cast<uint32_t>(random.below(rows)));
    one.wanted = static_cast<uint32_t>(one.targets.size() + random.below(2));
  }
  return out;
}

std::vector<double> inputsOf(const RankerCase& one, size_t row) {
  const auto first = one.inputs.begin() + static_cast<std::ptrdiff_t>(row * kRankerInputs);
  return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(kRankerInputs));
}

/// A network in double: weights as in a RankerModel, then the trust.
struct Network {
  RankerModel shape;
  std::vector<double> numbers;

  explicit Network(const RankerModel& model) : shape(model), numbers(model.weights.begin(), model.weights.end()) {
    numbers.push_back(model.trust);
  }

  double score(const std::vector<double>& inputs) const {
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
    double sum = numbers.back() * inputs[blendInputByHand()];
    for (size_t j = 0; j < values.size(); j++) sum += values[j] * numbers[at + j];
    return sum;
  }

  /// The mean over the cases with a target of -log softmax, over the targets of each.
  double loss(const std::vector<RankerCase>& cases) const {
    double sum = 0;
    double count = 0;
    for (const RankerCase& one : cases) {
      if (one.targets.empty()) continue;
      count++;
      double total = 0;
      std::vector<double> scores;
      for (size_t r = 0; r < one.rows(); r++) {
        scores.push_back(score(inputsOf(one, r)));
        total += std::exp(scores.back());
      }
      for (uint32_t target : one.targets) {
        sum += (std::log(total) - scores[target]) / static_cast<double>(one.targets.size());
      }
    }
    return sum / count;
  }
};

/// Wide enough that no candidate is dead in the whole first layer: the second would stand at its kink, as its biases
/// are zeros to begin with.
void checkGradients(uint64_t seed, uint32_t hidden, uint32_t narrow) {
  Random random(seed);
  const std::vector<RankerCase> cases = randomCases(random, 14, 9);
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
  std::vector<float> before(trainer.model()->weightCount() + 1, 0.0f);
  // The last layer begins at zero: only from the second step on there are gradients of those below it.
  for (int step = 1; step <= 3; step++) {
    Network network(*trainer.model());
    const double loss = network.loss(cases);
    const double told = trainer.epoch();
    CHECK_THAT(std::fabs(told - loss) < (rounds ? 0.1 : 1e-4), "loss " << told << " for " << loss);
    const std::vector<float> after = RankerInside::firstMoments(trainer);
    CHECK(after.size() == network.numbers.size());
    double largest = 0;
    for (size_t i = 0; i < after.size(); i++) {
      constexpr double kStep = 1e-6;
      const double kept = network.numbers[i];
      network.numbers[i] = kept + kStep;
      const double above = network.loss(cases);
      network.numbers[i] = kept - kStep;
      const double below = network.loss(cases);
      network.numbers[i] = kept;
      const double expected = (above - below) / (2 * kStep);
      const double gradient = (after[i] - 0.9 * before[i]) / 0.1;
      if (i + 1 < after.size() && i < kRankerInputs * hidden) largest = std::max(largest, std::fabs(expected));
      CHECK_THAT(
          std::fabs(gradient - expected) <= tolerance * (0.02 + std::fabs(expected)),
          "step " << step << " number " << i << " of " << after.size() << ": " << gradient << " for " << expected);
    }
    CHECK_THAT(step == 1 ? largest == 0 : largest > 1e-3, "step " << step << ": " << largest);
    before = after;
  }
}

std::shared_ptr<const ModelSet> modelsOf(Random& random, uint32_t items) {
  ModelParts parts;
  for (uint32_t row = 0; row < items; row++) {
    parts.popularity.push_back(static_cast<float>(1 + random.below(9)));
    parts.recent.push_back(static_cast<float>(random.uniform() * 3));
  }
  parts.rules = std::make_shared<RulesModel>(randomRules(random, items, 12));
  parts.factors = std::make_shared<FactorsModel>(randomFactors(random, items, 6, true));
  parts.sequence = std::make_shared<SequenceModel>(randomSequence(random, items));
  parts.sessions = std::make_shared<SessionsModel>(randomSessions(random, items));
  parts.content = std::make_shared<ContentModel>(randomContent(random, items));
  parts.blend.weight = {0.5f, 0.4f, 0, 0.1f, 0.8f, 0.3f, 0.9f, 0.7f};
  parts.blend.missing = {0.7f, 0.2f, 0, 0, 0.1f, 0.2f, 0.4f, 0.5f};
  return makeModels(std::move(parts));
}

/// Random histories, each some time after the one before.
Cases timedCases(Random& random, uint32_t users, uint32_t items) {
  Histories histories = randomHistories(random, users, items, 14);
  double at = 1.7e12;
  for (HistoryEvent& one : histories.events) one.at = at += random.uniform() * 15 * kDay;
  return casesOf(histories);
}

/// Returns how many targets were among the described.
size_t checkDescriptions(uint64_t seed, bool excludeSeen, uint32_t depth) {
  constexpr uint32_t kItems = 30;
  Random random(seed);
  const auto models = modelsOf(random, kItems);
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

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// Probabilities of all rows of the cases by a ranker.
std::vector<double> probabilities(const RankerModel& model, const std::vector<RankerCase>& cases) {
  std::vector<double> out;
  const Network network(model);
  for (const RankerCase& one : cases) {
    for (size_t r = 0; r < one.rows(); r++) {
      out.push_back(sigmoid(model.slope * network.score(inputsOf(one, r)) + model.offset));
    }
  }
  return out;
}

/// Cases whose every row is wanted by a chance of its own, which `chanceOf` tells by its inputs.
std::vector<RankerCase> chances(Random& random, size_t count, size_t rows,
                                const std::function<double(const std::vector<double>&)>& chanceOf,
                                std::vector<double>& truth) {
  std::vector<RankerCase> out = randomCases(random, count, rows);
  for (RankerCase& one : out) {
    one.targets.clear();
    for (size_t r = 0; r < rows; r++) {
      truth.push_back(chanceOf(inputsOf(one, r)));
      if (random.uniform() < truth.back()) one.targets.push_back(static_cast<uint32_t>(r));
    }
    one.wanted = static_cast<uint32_t>(one.targets.size());
  }
  return out;
}

double meanOf(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

size_t targetsOf(const std::vector<RankerCase>& cases) {
  size_t sum = 0;
  for (const RankerCase& one : cases) sum += one.targets.size();
  return sum;
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
  check::test("groups of inputs tell every input", [] {
    std::vector<size_t> sizes(kInputGroups, 0);
    for (size_t i = 0; i < kRankerInputs; i++) sizes[static_cast<size_t>(inputGroup(i))]++;
    // By hand each group is one function: what it adds is its size.
    Random random(2);
    const auto models = modelsOf(random, 20);
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
    checkGradients(1, 12, 4);
    checkGradients(2, 24, 1);
    checkGradients(3, 17, 9);
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
  check::test("probabilities are where the logistic loss is least", [] {
    // The blend's own score decides: before any epoch it is the network's.
    Random random(7);
    std::vector<double> truth;
    const auto chanceOf = [](const std::vector<double>& inputs) {
      return sigmoid(1.5 * inputs[blendInputByHand()] - 0.5);
    };
    const std::vector<RankerCase> cases = chances(random, 800, 25, chanceOf, truth);
    const Control control;
    const auto model = RankerTrainer(cases, RankerSettings{}, 1, 1, control).model();
    double offset = 0, slope = 1e-3 * (model->slope - 1), curvature = 0;
    const std::vector<double> found = probabilities(*model, cases);
    size_t at = 0;
    for (const RankerCase& one : cases) {
      for (size_t r = 0; r < one.rows(); r++, at++) {
        const double off = found[at] - std::count(one.targets.begin(), one.targets.end(), r);
        offset += off;
        slope += off * one.inputs[r * kRankerInputs + kBlendInput];
        curvature += found[at] * (1 - found[at]);
      }
    }
    CHECK_THAT(std::fabs(offset) < 1e-4 * curvature && std::fabs(slope) < 1e-4 * curvature, offset << ", " << slope);
    CHECK_THAT(std::fabs(model->slope - 1.5) < 0.1 && std::fabs(model->offset + 0.5) < 0.1,
               model->slope << ", " << model->offset);
  });
  check::test("probabilities are as high as what comes true, on what was not learned from", [] {
    Random random(8);
    const auto chanceOf = [](const std::vector<double>& inputs) {
      return sigmoid(0.8 * inputs[blendInputByHand()] + 0.7 * (inputs[0] - inputs[2]) - 1);
    };
    std::vector<double> taught, truth;
    const std::vector<RankerCase> lessons = chances(random, 6000, 20, chanceOf, taught);
    const std::vector<RankerCase> others = chances(random, 3000, 20, chanceOf, truth);
    RankerSettings settings;
    settings.hidden = 16;
    settings.narrow = 8;
    const Control control;
    RankerTrainer trainer(lessons, settings, 3, 1, control);
    for (int epoch = 0; epoch < 4; epoch++) trainer.epoch();
    const auto model = trainer.model();
    const double share = static_cast<double>(targetsOf(lessons)) / static_cast<double>(taught.size());
    const double own = meanOf(probabilities(*model, lessons));
    CHECK_THAT(std::fabs(own / share - 1) < 1e-3, own << " for " << share);
    const std::vector<double> predicted = probabilities(*model, others);
    CHECK_THAT(std::fabs(meanOf(predicted) / meanOf(truth) - 1) < 0.01, meanOf(predicted) << " for " << meanOf(truth));
    // The same in tenths, from what is least likely on.
    std::vector<size_t> order(predicted.size());
    for (size_t i = 0; i < order.size(); i++) order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return predicted[a] < predicted[b]; });
    for (size_t tenth = 0; tenth < 10; tenth++) {
      double said = 0, true_ = 0, count = 0;
      for (size_t i = order.size() * tenth / 10; i < order.size() * (tenth + 1) / 10; i++) {
        said += predicted[order[i]], true_ += truth[order[i]], count++;
      }
      CHECK_THAT(std::fabs(said - true_) / count < 0.03,
                 "tenth " << tenth << ": " << said / count << " for " << true_ / count);
    }
  });
  check::test("probabilities are finite where nothing, or everything, is wanted", [] {
    for (const double chance : {0.0, 1.0}) {
      Random random(9);
      std::vector<double> truth;
      const auto cases = chances(
          random, 20, 10, [&](const std::vector<double>&) { return chance; }, truth);
      const Control control;
      RankerTrainer trainer(cases, RankerSettings{}, 1, 1, control);
      trainer.epoch();
      const auto model = trainer.model();
      checkRanker(*model);
      CHECK(std::fabs(meanOf(probabilities(*model, cases)) - chance) < 0.01);
    }
    const std::vector<RankerCase> none;
    const Control control;
    RankerTrainer trainer(none, RankerSettings{}, 1, 1, control);
    CHECK(trainer.epoch() == 0);
    checkRanker(*trainer.model());
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
