// The probabilities of the ranker: where their loss is least, and as high as what comes true.

#include <algorithm>
#include <cmath>
#include <functional>

#include "../../../native/learn/ranker/learn.h"
#include "../check.h"
#include "ranker_cases.h"

using namespace kairank;

namespace {

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
  return check::finish();
}
